import { describe, expect, it } from 'vitest'
import { createMac } from '../../src/crypto/derived-key.ts'

const [old, fresh] = ['the secret of before '.repeat(2), 'the secret of today '.repeat(2)]
const before = createMac({ secretKey: old }, 'a purpose')
const rotating = createMac({ secretKey: fresh, previousSecretKey: old }, 'a purpose')
const after = createMac({ secretKey: fresh }, 'a purpose')

describe('a MAC under a derived key', () => {
  it('is made with the current secret, and also accepted under the previous one', async () => {
    const [first, second] = [await before.sign('text'), await rotating.sign('text')]
    expect(second).toEqual(await after.sign('text'))
    expect(second).not.toEqual(first)
    const accepted = async (mac: Uint8Array<ArrayBuffer>) =>
      Promise.all([before, rotating, after].map((one) => one.verify(mac, 'text')))
    expect(await accepted(first)).toEqual([true, true, false])
    expect(await accepted(second)).toEqual([false, true, true])
  })

  it('is bound to one purpose and one text, and has 32 bytes', async () => {
    const mac = await before.sign('text')
    expect(await createMac({ secretKey: old }, 'another').verify(mac, 'text')).toBe(false)
    expect(await rotating.verify(mac, 'another text')).toBe(false)
    for (const bytes of [mac.slice(1), new Uint8Array([...mac, 0]), new Uint8Array()]) {
      expect(await rotating.verify(bytes, 'text')).toBe(false)
    }
  })
})
