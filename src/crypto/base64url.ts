// base64url without padding (RFC 4648 §5), strictly: one text for every value. A lenient decoder
// would let a token be spelled in many ways.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const valueByCharacter = new Map(Array.from(alphabet, (character, value) => [character, value]))

/** Encodes without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * Whether `text` is the one canonical spelling of some bytes: only the alphabet's characters, no
 * padding, no length that no bytes have, and zero in the bits that the last character carries
 * beyond the last byte (RFC 4648 §3.5).
 */
export function isCanonicalBase64Url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return false
  const unusedBits = { 0: 0, 1: undefined, 2: 4, 3: 2 }[text.length % 4]
  if (unusedBits === undefined) return false
  const last = valueByCharacter.get(text.at(-1) ?? 'A') ?? 0
  return (last & ((1 << unusedBits) - 1)) === 0
}

/** The bytes of a canonical text; check it with `isCanonicalBase64Url` first. */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
