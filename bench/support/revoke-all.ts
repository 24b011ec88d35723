// Logs out many sessions, and watches how long guards let their tokens in.

import { setTimeout as delay } from 'node:timers/promises'
import type { Place } from './staleness-place.ts'
import { createChance, gapOf } from './virtual-time.ts'
import { type Asked, ask, type Watched, watch } from './watch.ts'

/** The guard that was shown the token, by how often. */
export type Watcher = 'busy' | 'sparse'

/** One token at one guard. */
export interface Revoked extends Watched {
  readonly watcher: Watcher
  readonly logout: Asked
}

/** When the logouts happen: first at a fixed rate, then the others in the time that is left. */
export interface Timetable {
  readonly firstAtMs: number
  readonly steadySeconds: number
  readonly steadyPerSecond: number
  readonly seconds: number
}

const pollEveryMs = 25
const sparseGapMs = 4_000
const longestGapMs = 12_000
/** How long a token is shown before its logout. */
const leadsMs = { busy: [300, 800], sparse: [2_000, 12_000] } as const

/** Logs out all sessions, each at a random moment. Idle isolates are shown all tokens, too. */
export async function revokeAll(
  { service, busy, idle }: Place,
  tokens: readonly string[],
  timetable: Timetable,
): Promise<Revoked[]> {
  const chance = createChance(1)
  // First in, first out: the next isolate is the one that has been idle for longest.
  const free = [...idle]
  const watchFrom = async (watcher: Watcher, logoutAtMs: number, token: string) => {
    const [least, most] = leadsMs[watcher]
    await untilMoment(logoutAtMs - least - chance() * (most - least))
    if (watcher === 'busy') return watch(busy, token, () => pollEveryMs)
    const isolate = free.shift()
    if (isolate === undefined) throw new Error(`All ${idle.length} isolates are in use`)
    const gap = () => Math.min(longestGapMs, gapOf(1 / sparseGapMs, chance))
    const watched = await watch(isolate, token, gap)
    free.push(isolate)
    return watched
  }
  const watchers: Watcher[] = idle.length > 0 ? ['busy', 'sparse'] : ['busy']
  const revokeOne = async (token: string, index: number): Promise<Revoked[]> => {
    const logoutAtMs = momentOf(index, timetable, chance)
    const [logout, ...watched] = await Promise.all([
      logOut(service, token, logoutAtMs),
      ...watchers.map((watcher) => watchFrom(watcher, logoutAtMs, token)),
    ])
    return watchers.flatMap((watcher, place) => {
      const its = watched[place]
      return its ? [{ ...its, watcher, logout }] : []
    })
  }
  return (await Promise.all(tokens.map(revokeOne))).flat()
}

function momentOf(
  index: number,
  { firstAtMs, steadySeconds, steadyPerSecond, seconds }: Timetable,
  chance: () => number,
): number {
  const isSteady = index < steadyPerSecond * steadySeconds
  const [from, length] = isSteady ? [0, steadySeconds] : [steadySeconds, seconds - steadySeconds]
  return firstAtMs + (from + chance() * length) * 1_000
}

/** @throws Error for an answer other than 200 */
export async function logOut(service: string, token: string, atMs: number): Promise<Asked> {
  await untilMoment(atMs)
  const logout = await ask(`${service}/auth/logout`, token, 'POST')
  if (logout.status === 200) return logout
  throw new Error(`The service answers a logout with ${logout.status}`)
}

/** Waits until `performance.now()` shows this. */
export function untilMoment(atMs: number): Promise<void> {
  return delay(Math.max(0, atMs - performance.now()))
}
