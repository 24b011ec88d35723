// How old a guard's knowledge of revocations may be.

import {
  aBoolean,
  checkOptions,
  must,
  optional,
  type Rule,
  type Rules,
} from '../../errors/check-options.ts'
import { isObject } from '../../token/json.ts'

/** A bound in seconds, and what happens when the service cannot be asked. */
export interface BoundedStaleness {
  /**
   * A request that begins this long after an acknowledged revocation, or later, is refused, or
   * answered 503. In seconds, from 4 to 300. Default 10. While the known revocations are younger
   * than half of it, requests need no refresh.
   */
  readonly maxStalenessSeconds?: number
  /**
   * For availability: while the feed is unavailable, tokens are accepted for this long beyond the
   * bound. They may have been revoked. In seconds, from 0 to 86,400. Default 0.
   */
  readonly acceptStaleSeconds?: number
  /**
   * Whether the guard follows the feed: one stream for each isolate, in the background. A
   * revocation then takes effect within about a second, with a quarter of the requests to the
   * service. The bound does not depend on it. With `true`, also where there is no `waitUntil`, for
   * a server on Node, Bun or Deno: the last stream keeps such a process alive for 20 s. Default:
   * where there is `waitUntil`.
   */
  readonly follow?: boolean | undefined
}

/** The `revocation` option of a guard. */
export type RevocationOption = BoundedStaleness | 'strict' | 'none'

/** The same option, checked and complete. */
export type RevocationPolicy = Bounds | 'strict' | 'none'

/** What a bound is, complete. */
export type Bounds = Required<Omit<BoundedStaleness, 'follow'>> & Pick<BoundedStaleness, 'follow'>

const defaultMaxStalenessSeconds = 10

/** What `revocation` may be. The function `parsePolicy` checks its members. */
export const revocationRule: Rule = must(
  (value) => value === 'strict' || value === 'none' || isObject(value),
  "'strict', 'none' or { maxStalenessSeconds }",
  JSON.stringify,
)

const boundRules: Rules<BoundedStaleness> = {
  maxStalenessSeconds: secondsRule(4, 300),
  acceptStaleSeconds: secondsRule(0, 86_400),
  follow: optional(aBoolean()),
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
  return { maxStalenessSeconds, acceptStaleSeconds, follow: bounds.follow }
}
