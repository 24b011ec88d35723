import { describe, expect, it } from 'vitest'
import { describeDevice } from '../../../src/service/http/describe-device.ts'

const android = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36'
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
const mac =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15'
const chrome = 'Chrome/126.0.0.0 Safari/537.36'

describe('the description of a device', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox on Linux'],
    [`${android} (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
    [
      `${android} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
      'Samsung Internet on Android',
    ],
    [`${windows} ${chrome}`, 'Chrome on Windows'],
    [`${windows} ${chrome} Edg/126.0.0.0`, 'Microsoft Edge on Windows'],
    [`${windows} ${chrome} OPR/112.0.0.0`, 'Opera on Windows'],
    [`${mac} Version/17.5 Safari/605.1.15`, 'Safari on macOS'],
    [`${mac} Firefox/130.0`, 'Firefox on macOS'],
    [`${iphone} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari on iOS'],
    [`${iphone} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1`, 'Chrome on iOS'],
    [`${iphone} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`, 'Firefox on iOS'],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 ${chrome}`,
      'Chrome on Chrome OS',
    ],
    ['Mozilla/5.0 (compatible; Anything/1.0)', undefined],
    ['Notes/7 CFNetwork/1494.0.7 Darwin/23.4.0', 'Notes on macOS'],
    ['okhttp/4.12.0', 'okhttp'],
    ['curl/8.5.0', 'curl'],
    ['', undefined],
    ['<script>alert(1)</script>', undefined],
    ['\u0007\u202e', undefined],
    ['Bro\u202ewser/1.0 (x)', 'Bro'],
    [`${'x '.repeat(300)}Firefox/130.0 Windows`, 'x'],
  ])('describes %j in a few words: %j', (userAgent, device) => {
    expect(describeDevice(userAgent)).toBe(device)
  })

  it('is short, whatever a client sends', () => {
    for (const text of ['x'.repeat(100_000), `Mozilla/5.0 (${'('.repeat(50_000)}`]) {
      expect(describeDevice(text)?.length ?? 0).toBeLessThanOrEqual(60)
    }
  })
})
