// The 3,000 commonest passwords of at least 8 characters (ASVS 5.0 6.2.4), and all common ones of
// at least 15. The Worker has a 28-bit hash of each, as sorted differences in a Rice code
// (decision 34). So of 90,000 other passwords about one is refused, too.
// scripts/common-passwords.ts writes the list.

import { decodeBase64Url } from '../../../crypto/base64url.ts'
import { encodeUtf8 } from '../../../crypto/utf8.ts'
import { commonPasswords } from './common-passwords.ts'

const hashBits = 28
/** How many low bits of a difference are written as they are. The rest is in unary. */
export const riceBits = 16

/** What nobody sees in a password: spaces, controls, and characters that only guide the others. */
const unseen = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/** In order. Decoded with the first new password, not when the isolate starts. */
let hashes: ReadonlySet<number> | undefined

/**
 * Whether the password is one of the commonest, whatever its case and the width of its letters, and
 * whatever spaces and invisible characters are in it. Wrong for one of about 90,000 others. No I/O.
 */
export function isCommonPassword(password: string): boolean {
  hashes ??= decodeHashes(commonPasswords)
  return hashes.has(hashOfCommon(password))
}

/**
 * The form in which passwords are compared with common ones and names. It may be empty. Only for
 * comparisons: what is stored has all characters.
 */
export function comparedPassword(password: string): string {
  return password.normalize('NFKC').toLowerCase().replace(unseen, '').normalize('NFC')
}

/**
 * A hash of 28 bits, of the password as it is compared. FNV-1a, with the last step of MurmurHash3
 * to spread its bits. It protects nothing: the list is public.
 */
export function hashOfCommon(password: string): number {
  let hash = 0x811c9dc5
  for (const byte of encodeUtf8(comparedPassword(password))) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> (32 - hashBits)
}

/** Each difference is in unary (ones, then a zero) above `riceBits`, and in binary below. */
function decodeHashes(text: string): ReadonlySet<number> {
  const bytes = decodeBase64Url(text) ?? new Uint8Array()
  const found = new Set<number>()
  const bitAt = (place: number) => ((bytes[place >> 3] ?? 0) >> (7 - (place & 7))) & 1
  let hash = -1
  for (let place = 0; place + riceBits < bytes.length * 8; ) {
    let difference = 0
    while (bitAt(place++) === 1) difference += 1
    for (let bits = 0; bits < riceBits; bits += 1) difference = difference * 2 + bitAt(place++)
    hash += difference + 1
    found.add(hash)
  }
  return found
}
