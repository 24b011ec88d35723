import { describe, expect, it } from 'vitest'
import { describeDevice } from '../../../src/service/http/login-client.ts'

const android = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36'

describe('the description of a device', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox on Linux'],
    [`${android} (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
    ['curl/8.5.0', 'curl'],
    ['', undefined],
    ['<script>alert(1)</script>', undefined],
    ['\u0007\u202e', undefined],
    ['Bro\u202ewser/1.0 (x)', 'Browser'],
    [`${'x '.repeat(300)}Firefox/130.0`, 'x'],
  ])('describes %j in a few words: %j', (userAgent, device) => {
    expect(describeDevice(userAgent)).toBe(device)
  })

  it('is short, whatever a client sends', () => {
    for (const text of ['x'.repeat(100_000), `Mozilla/5.0 (${'('.repeat(50_000)}`]) {
      expect(describeDevice(text)?.length ?? 0).toBeLessThanOrEqual(60)
    }
  })
})
