// Guards whose path to the revocation feed breaks: they answer from memory inside the bound, 503
// beyond it, and recover soon. Several guards run at the same time, each with its own fault, because
// the bound is long.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type FeedFault, faultOf, feedFaults } from '../support/feed-faults.ts'
import { expectFailsClosed, type Outage, observeOutage } from '../support/outage.ts'
import { type GuardedByProxy, type Stage, startStage, type Way } from '../support/stage.ts'

interface Case {
  readonly way: Way
  readonly fault: FeedFault
  readonly sentence: RegExp
}

interface Observed extends Outage {
  /** The sentences in the log. */
  readonly problems: readonly unknown[]
}

const onWay = (way: Way) => (fault: (typeof feedFaults)[number]) => ({ way, ...fault })
/** Every fault over HTTP. Over the other ways, the faults that depend on the runtime. */
const cases: readonly Case[] = [
  ...feedFaults.map(onWay('over HTTP')),
  ...feedFaults.slice(0, 6).map(onWay('over a service binding')),
  ...feedFaults.slice(0, 4).map(onWay('on Deno')),
]

/** More of them, each asked forty times a second, are slow for their own number. */
const guardsAtOnce = 9

let stage: Stage
const observed = new Map<Case, Observed | Error>()

beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  for (let first = 0; first < cases.length; first += guardsAtOnce) {
    const group = cases.slice(first, first + guardsAtOnce)
    const guards = await Promise.all(group.map(({ way }) => stage.startGuard(way)))
    const observing = group.map(async (one, index) => {
      observed.set(one, await observe(guards[index], one.fault).catch((error) => error))
    })
    await Promise.all(observing)
  }
}, 300_000)
afterAll(() => stage?.stop())

async function observe(guard: GuardedByProxy | undefined, fault: FeedFault): Promise<Observed> {
  if (!guard) throw new Error('There is no guard.')
  // What a crowd of guards says while all of them start is not about the fault.
  let linesBefore = 0
  const outage = await observeOutage({
    ...stage,
    guard,
    break() {
      linesBefore = guard.server.log().length
      guard.proxy.setFault(faultOf(fault), '/auth/feed/')
    },
    mend: () => guard.proxy.setFault('none'),
  })
  const lines = guard.server.log().slice(linesBefore)
  const feedLines = lines.filter(({ event }) => event === 'revocation_feed_unavailable')
  return { ...outage, problems: feedLines.map(({ problem }) => problem) }
}

describe.each(cases)('a guard $way, when the feed $fault,', (one) => {
  it('answers from memory, then 503, logs why, and recovers by itself', () => {
    const outage = observed.get(one)
    if (!outage || outage instanceof Error) throw outage
    expectFailsClosed(outage)
    expect(outage.problems[0]).toMatch(one.sentence)
  })
})
