// How old a guard's knowledge of revocations may be.

/** A bound in seconds, and what happens when the service cannot be asked. */
export interface BoundedStaleness {
  /**
   * A request that begins this long after a revocation was acknowledged, or later, is refused, or
   * answered 503. In seconds, from 4 to 300. Default 10. Requests under half of it need no refresh.
   */
  readonly maxStalenessSeconds?: number
  /**
   * For those who prefer availability: for this long beyond the bound, tokens are accepted while
   * the feed cannot be had, though they may have been revoked. In seconds, from 0 to 86,400.
   * Default 0.
   */
  readonly acceptStaleSeconds?: number
}

/** What a guard is told. */
export type RevocationOption = BoundedStaleness | 'strict' | 'none'

/** The same, checked and complete. */
export type RevocationPolicy = Required<BoundedStaleness> | 'strict' | 'none'

const defaultMaxStalenessSeconds = 10

/** @throws TypeError when a number is out of bounds */
export function parsePolicy(option: RevocationOption = {}): RevocationPolicy {
  if (option === 'strict' || option === 'none') return option
  const { maxStalenessSeconds = defaultMaxStalenessSeconds, acceptStaleSeconds = 0 } = isBounded(
    option,
  )
    ? option
    : { maxStalenessSeconds: Number.NaN }
  if (!(maxStalenessSeconds >= 4 && maxStalenessSeconds <= 300)) {
    throw new TypeError(
      "revocation must be 'strict', 'none', or { maxStalenessSeconds } from 4 to 300.",
    )
  }
  if (!(acceptStaleSeconds >= 0 && acceptStaleSeconds <= 86_400)) {
    throw new TypeError('revocation.acceptStaleSeconds must be from 0 to 86,400.')
  }
  return { maxStalenessSeconds, acceptStaleSeconds }
}

function isBounded(option: unknown): option is BoundedStaleness {
  return typeof option === 'object' && option !== null
}
