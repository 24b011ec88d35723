import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/crypto/base64url.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('base64url', () => {
  // RFC 4648 §10, without padding
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('encodes %j as %j, and decodes it', (text, encoded) => {
    expect(encodeBase64Url(bytesOf(text))).toBe(encoded)
    expect(decodeBase64Url(encoded)).toEqual(bytesOf(text))
  })

  it('decodes any bytes from their one canonical encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const encoded = encodeBase64Url(bytes)
        expect(decodeBase64Url(encoded)).toEqual(bytes)
      }),
    )
  })

  it.each(['é', 'Zgé', '\ud800AAA', '\u0141AAA', 'ＡＡＡＡ', '\0AAA'])(
    'refuses other characters, such as %j',
    (text) => {
      expect(decodeBase64Url(text)).toBeUndefined()
    },
  )

  it('accepts as canonical exactly what encodes back to itself', () => {
    const character = fc.constantFrom(...'ABCQgwxyz0189-_+/= .')
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 9 }), (text) => {
        const decoded = decodeLeniently(text)
        const isCanonical = decoded !== undefined && encodeBase64Url(decoded) === text
        expect(decodeBase64Url(text)).toEqual(isCanonical ? decoded : undefined)
      }),
      { numRuns: 5_000 },
    )
  })
})

/** Decodes with the platform, which accepts several encodings. */
function decodeLeniently(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
