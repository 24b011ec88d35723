// The texts in which other systems write salts and digests. Everything else than the one canonical
// text of some bytes is refused.

import { decodeBase64Url } from '../../../../crypto/base64url.ts'
import { isSameSecret } from '../../../../crypto/constant-time.ts'

/** The bytes of lower-case hexadecimal text, or undefined. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^(?:[0-9a-f]{2})+$/.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Lower-case hexadecimal text. */
export function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The bytes of canonical base64 without padding (RFC 4648 §4), or undefined. */
export function decodeBareBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+$/.test(text)) return undefined
  return decodeBase64Url(text.replaceAll('+', '-').replaceAll('/', '_'))
}

/** The bytes of canonical base64 with padding, or undefined. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return text.length % 4 === 0 ? decodeBareBase64(text.replace(/={1,2}$/, '')) : undefined
}

/** Base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Whether two digests are equal. The time does not depend on their content. */
export function isSameDigest(one: Uint8Array, other: Uint8Array): Promise<boolean> {
  return isSameSecret(encodeHex(one), encodeHex(other))
}

/** A number as people read it: 600,000. */
export function readable(number: number | string): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',')
}
