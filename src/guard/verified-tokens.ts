// Tokens that were verified, so that the next request with the same token need not pay for the
// signature again. Only successes are kept, by the token's whole text; whoever takes one out checks
// expiry, key and revocation again.

/** A bounded map from a token's text to what was found in it. */
export interface VerifiedTokens<V> {
  find(token: string): V | undefined
  keep(token: string, verified: V): void
}

/** Of the texts that are kept, in characters, which are bytes: a token is ASCII. */
const maxCharacters = 4 * 1024 * 1024

/**
 * An empty cache. It evicts by generations: when the young one has half of the text, it becomes the
 * old one, and what was in the old one is forgotten, except what was asked for in the meantime. So
 * there is no order to keep up on a hit.
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
