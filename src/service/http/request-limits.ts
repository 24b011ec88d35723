// Limits on requests, before anything is read: by the address of the client, or for the whole
// isolate or process. They cost no round trip, and are a first net only: another isolate counts for
// itself. The feed and the keys have none. Guards share the addresses of their platform, and a
// refused guard is a 503 of somebody's API.

import type { Context } from 'hono'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { networkOf } from '../domain/limits/network.ts'
import { addressOf } from './login-client.ts'
import type { RequestRefusal } from './respond.ts'
import type { LimitClass } from './route-refusals.ts'
import type { ServiceEnv } from './service-env.ts'

type LimitDeps = Pick<
  Deps,
  'settings' | 'requestCounts' | 'platformLimit' | 'clientAddress' | 'log'
>

/** Counts a request of this class, or refuses it, and says when to try again. */
export async function limitRequest(
  c: Context<ServiceEnv>,
  deps: LimitDeps,
  limits: LimitClass,
): Promise<Result<undefined, RequestRefusal>> {
  const { perAddress, perProcess } = deps.settings.limits.requestsPerMinute
  if (isIn(perProcess, limits)) {
    const wait = deps.requestCounts.take(limits, perProcess[limits])
    return wait === undefined ? allowed : refuse(busy(wait))
  }
  if (!isIn(perAddress, limits)) return allowed
  const address = addressOf(c, deps)
  // Without an address, all clients would count as one.
  if (address === undefined) return allowed
  const network = networkOf(address)
  const wait = deps.requestCounts.take(`${limits} ${network}`, perAddress[limits])
  if (wait !== undefined) return refuse(tooMany(wait))
  const isWithin = await deps.platformLimit(limits, network, c.env)
  return isWithin ? allowed : refuse(tooMany(platformPeriodSeconds))
}

const allowed = succeed(undefined)
/** The longest period of Cloudflare's binding. */
const platformPeriodSeconds = 60

function tooMany(retryAfterSeconds: number): RequestRefusal {
  return { reason: 'too_many_from_address', retryAfterSeconds }
}

function busy(retryAfterSeconds: number): RequestRefusal {
  return { reason: 'too_many_at_once', retryAfterSeconds }
}

function isIn<T extends object>(limits: T, name: string): name is keyof T & string {
  return Object.hasOwn(limits, name)
}
