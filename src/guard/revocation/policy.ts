// How old a guard's knowledge of revocations may be.

import { checkOptions, must, optional, type Rule, type Rules } from '../../errors/check-options.ts'
import { isObject } from '../../token/json.ts'

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

/** What `revocation` may be; what is in it, `parsePolicy` checks. */
export const revocationRule: Rule = must(
  (value) => value === 'strict' || value === 'none' || isObject(value),
  "'strict', 'none' or { maxStalenessSeconds }",
  JSON.stringify,
)

const boundRules: Rules<BoundedStaleness> = {
  maxStalenessSeconds: secondsRule(4, 300),
  acceptStaleSeconds: secondsRule(0, 86_400),
}

function secondsRule(least: number, most: number): Rule {
  const isWithin = (value: unknown) => typeof value === 'number' && value >= least && value <= most
  return optional(must(isWithin, `from ${least} to ${most}`))
}

/** @throws TypeError when a number is out of bounds */
export function parsePolicy(option: RevocationOption = {}): RevocationPolicy {
  if (option === 'strict' || option === 'none') return option
  const bounds = checkOptions('revocation', boundRules, option)
  const { maxStalenessSeconds = defaultMaxStalenessSeconds, acceptStaleSeconds = 0 } = bounds
  return { maxStalenessSeconds, acceptStaleSeconds }
}
