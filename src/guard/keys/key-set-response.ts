// Reads the text of a key set. It is untrusted until it has been checked. A text that is not a key
// set gets a sentence that says what to do.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { type PublicJwk, parseJwkSetEntries, parsePublicJwk } from '../../token/jwk.ts'

const maxKeys = 64

/**
 * The keys of a JWK Set, or what is wrong with it. The refusal completes the sentence "the key set
 * at URL …". Keys of kinds that we do not use are skipped (RFC 7517 §5). A set without any key that
 * we use is refused.
 */
export function parseKeySet(text: string): Result<PublicJwk[], string> {
  const entries = parseJwkSetEntries(text)
  if (!entries) return refuse('is not a JWK Set in JSON; check the issuer')
  if (entries.length === 0) {
    return refuse(
      'is empty; set SIGNING_KEYS on the service (`npx portcullis keys generate`): without them, only the service can verify its tokens',
    )
  }
  if (entries.length > maxKeys) return refuse(`has more than ${maxKeys} keys`)
  const keys = entries.map(parsePublicJwk).flatMap((key) => (key.ok ? [key.value] : []))
  if (keys.length === 0) return refuse('has no key for ES256 or EdDSA')
  return new Set(keys.map(({ kid }) => kid)).size === keys.length
    ? succeed(keys)
    : refuse('gives two keys the same name (kid)')
}
