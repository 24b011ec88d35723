// What following costs a guard: requests/s of the same guarded handler, with a followed feed and
// without. Both guards ask one service, and sessions are logged out meanwhile.

import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { keepAsking } from './keep-asking.ts'
import { registerMany } from './register-many.ts'
import { logOut } from './revoke-all.ts'
import { runOverHttp } from './rounds.ts'
import { type Bundles, startServices } from './staleness-place.ts'
import { quantile } from './table.ts'

const rounds = Number(process.env.BENCH_STALENESS_ROUNDS ?? 15)
const warmUps = 2
const secondsEach = 1.5
const logoutsPerSecond = 5

/** Requests/s of each guard, the medians of the rounds. */
export interface FollowCost {
  readonly pulling: number
  readonly following: number
  readonly rounds: number
}

export async function measureFollowCost(bundles: Bundles): Promise<FollowCost> {
  const services = await startServices(bundles.service, { distanceMs: 0, isSameIsolate: false })
  const binding = { services: { AUTH: services.followed } }
  const [pulling, following] = await Promise.all([
    serveOnWorkerd(bundles.pulling, {}, binding),
    serveOnWorkerd(bundles.following, {}, binding),
  ])
  const ended = new AbortController()
  try {
    const count = Math.ceil((rounds + warmUps) * 2 * secondsEach * logoutsPerSecond * 1.5) + 1
    const [goodToken = '', ...tokens] = await registerMany(services.other, count)
    const logouts = keepAsking(logoutsPerSecond, ended.signal, async () => {
      await logOut(services.other, tokens.pop() ?? '', 0)
    })
    // A failure is reported below; nothing awaits this promise until then.
    logouts.catch(() => {})
    const measured = await inRounds([`${pulling.baseUrl}/`, `${following.baseUrl}/`], goodToken)
    ended.abort()
    await logouts
    const [without = Number.NaN, followed = Number.NaN] = measured
    return { pulling: without, following: followed, rounds }
  } finally {
    ended.abort()
    await Promise.all([pulling.stop(), following.stop()])
    await services.stop()
  }
}

/** In turns, each round in the other order. */
async function inRounds(urls: readonly string[], token: string): Promise<number[]> {
  const figures = new Map<string, number[]>(urls.map((url) => [url, []]))
  for (let round = 0; round < warmUps + rounds; round += 1) {
    for (const url of round % 2 === 0 ? urls : urls.toReversed()) {
      const { figure } = await runOverHttp({ url, tokens: [token] }, secondsEach)
      if (round >= warmUps) figures.get(url)?.push(figure)
    }
  }
  return urls.map((url) => quantile(figures.get(url) ?? [], 0.5))
}
