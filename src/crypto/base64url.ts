// Strict base64url without padding (RFC 4648 §5): every value has exactly one text. A lenient
// decoder would accept many spellings of one token.

import { encodeUtf8 } from './utf8.ts'

/** A value of more than six bits. It marks characters outside the alphabet. */
export const invalidValue = 64

/** The values of an alphabet's characters, by character code. All other bytes are invalid. */
export function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(invalidValue)
  for (let value = 0; value < alphabet.length; value += 1)
    values[alphabet.charCodeAt(value)] = value
  return values
}

/** The six-bit value of each character. */
export const sextets: Uint8Array = valuesOf(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
)

/** Encodes without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * Decodes canonical base64url, given as text or as its UTF-8 bytes. Returns undefined for anything
 * else. Canonical text has only characters of the alphabet, no padding and a possible length. The
 * unused bits of its last character are zero (RFC 4648 §3.5).
 *
 * It uses a loop, which is several times as fast as `atob`. `Uint8Array.fromBase64` is not
 * available everywhere.
 */
export function decodeBase64Url(text: string | Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const characters = typeof text === 'string' ? encodeUtf8(text) : text
  const bytes = new Uint8Array((characters.length * 6) >> 3)
  let seen = 0
  let word = 0
  /** How many of the word's lowest bits belong to no byte yet. */
  let bits = 0
  let at = 0
  for (let place = 0; place < characters.length; place += 1) {
    const sextet = sextets[characters[place] ?? 0] ?? invalidValue
    seen |= sextet
    word = (word << 6) | sextet
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at] = word >> bits
    at += 1
  }
  const isWhole = bits < 6 && (word & ((1 << bits) - 1)) === 0
  return isWhole && seen < invalidValue ? bytes : undefined
}
