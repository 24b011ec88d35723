// Tokens that were verified before. The next request with the same token skips the signature check.
// Only successes are kept, by the whole text of the token. The caller that takes one out checks
// expiry, key and revocation again.

/** A bounded map from a token's text to the result of its verification. */
export interface VerifiedTokens<V> {
  find(token: string): V | undefined
  keep(token: string, verified: V): void
}

/** The most text that is kept, in characters. A token is ASCII, so a character is a byte. */
const maxCharacters = 4 * 1024 * 1024

/**
 * An empty cache. It evicts by generations. When the young generation has half of the text, it
 * becomes the old one, and the previous old one is forgotten. A token that was used in the meantime
 * stays. So a hit has no order to update.
 */
export function createVerifiedTokens<V>(): VerifiedTokens<V> {
  let young = new Map<string, V>()
  let old = new Map<string, V>()
  let youngCharacters = 0

  function keep(token: string, verified: V): void {
    if (youngCharacters + token.length > maxCharacters / 2) {
      old = young
      young = new Map()
      youngCharacters = 0
    }
    if (!young.has(token)) youngCharacters += token.length
    young.set(token, verified)
  }

  return {
    keep,
    find(token) {
      const verified = young.get(token)
      if (verified !== undefined) return verified
      const aged = old.get(token)
      if (aged !== undefined) keep(token, aged)
      return aged
    },
  }
}
