// Limits on requests: by the address of the client, before anything is read, or for the whole
// isolate or process, before the work begins. They cost no round trip, and are a first net only:
// another isolate counts for itself. The feed and the keys have none. Guards share the addresses of
// their platform, and a refused guard is a 503 of somebody's API.

import type { Context } from 'hono'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { networkOf } from '../domain/limits/network.ts'
import { addressOf } from './login-client.ts'
import type { RequestRefusal } from './respond.ts'
import type { LimitClass } from './route-refusals.ts'
import type { ServiceEnv } from './service-env.ts'

type LimitedBy = Pick<Deps, 'settings' | 'requestCounts'>

const minuteSeconds = 60
const allowed = succeed(undefined)

/**
 * Counts a request of its address, if its class is limited so. Otherwise says when to try again.
 * Without an address nothing is counted: all clients would count as one.
 */
export async function limitByAddress(
  c: Context<ServiceEnv>,
  deps: LimitedBy & Pick<Deps, 'platformLimit' | 'clientAddress' | 'log'>,
  limits: LimitClass,
): Promise<Result<undefined, RequestRefusal>> {
  const { isRaised, requests } = deps.settings.limits
  const { perAddress } = requests
  const address = isIn(perAddress, limits) ? addressOf(c, deps) : undefined
  if (!isIn(perAddress, limits) || address === undefined) return allowed
  const network = networkOf(address)
  const wait = deps.requestCounts.take(`${limits} ${network}`, perAddress[limits], minuteSeconds)
  const isWithin =
    wait === undefined && (isRaised || (await deps.platformLimit(limits, network, c.env)))
  const retryAfterSeconds = wait ?? minuteSeconds
  return isWithin ? allowed : refuse({ reason: 'too_many_from_address', retryAfterSeconds })
}

/** Counts a request of the whole isolate or process, if its class is limited so. */
export function limitByProcess(
  { settings, requestCounts }: LimitedBy,
  limits: LimitClass,
): Result<undefined, RequestRefusal> {
  const { perProcess } = settings.limits.requests
  const wait = isIn(perProcess, limits)
    ? requestCounts.take(limits, perProcess[limits], 1)
    : undefined
  return wait === undefined
    ? allowed
    : refuse({ reason: 'too_many_at_once', retryAfterSeconds: wait })
}

function isIn<T extends object>(limits: T, name: string): name is keyof T & string {
  return Object.hasOwn(limits, name)
}
