// A world to try view, loader and gate in: a database with its history, a network that loses, holds
// back and repeats, a machine whose clock is set, and requests at any moment. Whatever happens, the
// bound must hold; that is all this model knows of the code.

import fc from 'fast-check'
import { renderRow } from '../../src/revocation/feed-format.ts'
import type * as gates from '../../src/revocation/gate.ts'
import type * as loaders from '../../src/revocation/loader.ts'
import type { PulledPage, RevocationSource } from '../../src/revocation/source.ts'
import { VirtualTime } from './virtual-time.ts'

/** The code under test, or a broken copy of it. */
export interface Code {
  readonly createGate: typeof gates.createGate
  readonly revocableToken: typeof gates.revocableToken
  readonly RevocationLoader: typeof loaders.RevocationLoader
}

type Step =
  | { readonly kind: 'ask' | 'revoke' | 'issue'; readonly token: number }
  | { readonly kind: 'fill'; readonly count: number }
  | { readonly kind: 'prune' | 'replace history' }
  | { readonly kind: 'wait' | 'set clock'; readonly ms: number }

/** What becomes of a question. */
interface Journey {
  readonly thereMs: number
  readonly backMs: number
  readonly fate: 'answered' | 'lost' | 'never heard of' | 'answered from before' | 'repeated'
}

export interface Scenario {
  readonly steps: readonly Step[]
  readonly journeys: readonly Journey[]
  /** How far the database's clock is ahead. */
  readonly databaseAheadMs: number
}

const boundMs = 10_000
const tokens = 4
const placesPerPage = 4
const lifetimeMs = 120_000
const keptMs = 300_000

const tokenNumber = fc.nat({ max: tokens - 1 })
const wait = (min: number, max: number) =>
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min, max }) })
const setClock = (min: number, max: number) =>
  fc.record({ kind: fc.constant('set clock' as const), ms: fc.integer({ min, max }) })
const arbitrarySteps = {
  ask: fc.record({ kind: fc.constant('ask' as const), token: tokenNumber }),
  revoke: fc.record({ kind: fc.constant('revoke' as const), token: tokenNumber }),
  issue: fc.record({ kind: fc.constant('issue' as const), token: tokenNumber }),
  fill: fc.record({ kind: fc.constant('fill' as const), count: fc.integer({ min: 1, max: 11 }) }),
  prune: fc.constant({ kind: 'prune' as const }),
  'replace history': fc.constant({ kind: 'replace history' as const }),
  'wait a little': wait(0, 6_000),
  'wait longer': wait(6_000, 60_000),
  'wait until tokens are forgotten': wait(60_000, 600_000),
  'set clock a little': setClock(-9_000, 9_000),
  'set clock': setClock(-1_000_000, 1_000_000),
} satisfies Record<string, fc.Arbitrary<Step>>

/** Steps as frequent as their weights. */
function stepsOf(weights: Partial<Record<keyof typeof arbitrarySteps, number>>) {
  const steps = Object.entries(weights).map(([name, weight]) => ({
    weight,
    arbitrary: arbitrarySteps[name as keyof typeof arbitrarySteps] as fc.Arbitrary<Step>,
  }))
  return fc.array(fc.oneof(...steps), { minLength: 5, maxLength: 60 })
}

const busy = { ask: 12, revoke: 4, issue: 2, fill: 2, prune: 1, 'wait a little': 10 } as const

const journey: fc.Arbitrary<Journey> = fc.record({
  thereMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_900 })),
  backMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_900 })),
  fate: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Journey['fate']>('answered') },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Journey['fate']>(
        'lost',
        'never heard of',
        'answered from before',
        'repeated',
      ),
    },
  ),
})

const databaseAheadMs = fc.integer({ min: -60_000, max: 60_000 })
const atOnce: Journey = { thereMs: 20, backMs: 30, fate: 'answered' }

/** Seconds and minutes in which the network does what it likes, and histories are replaced. */
const chaos: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...busy, 'replace history': 1, 'wait longer': 1, 'set clock a little': 1 }),
  journeys: fc.array(journey, { minLength: 1, maxLength: 20 }),
  databaseAheadMs,
})

const hours = { ...busy, issue: 4, 'wait longer': 3, 'wait until tokens are forgotten': 3 } as const

/** Hours in which tokens expire, and ids are forgotten. */
const ageing: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf(hours),
  journeys: fc.constant([atOnce]),
  databaseAheadMs,
})

/** The same, while somebody sets the clock. */
const clockSetting: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...hours, 'set clock': 2 }),
  journeys: fc.constant([atOnce]),
  databaseAheadMs,
})

/** Whatever can go wrong. */
export const scenario: fc.Arbitrary<Scenario> = fc.oneof(chaos, ageing, clockSetting)

/** A network that does no harm, and clocks that nobody sets. */
export const calmScenario: fc.Arbitrary<Scenario> = fc.record({
  steps: stepsOf({ ...busy, 'replace history': 1, 'wait longer': 2 }),
  journeys: fc.constant([atOnce]),
  databaseAheadMs,
})

interface Row {
  readonly place: number
  readonly id: string
  readonly expiresAtMs: number
}

/** What the database has. */
class History {
  epoch = 0
  head = 0
  rows: Row[] = []
  readonly #time: VirtualTime
  readonly #aheadMs: number

  constructor(time: VirtualTime, aheadMs: number) {
    this.#time = time
    this.#aheadMs = aheadMs
  }

  nowMs(): number {
    return epochMs + this.#time.nowMs + this.#aheadMs
  }

  /** Revoked again, an id takes a new place. */
  add(id: string): void {
    this.head += 1
    const expiresAtMs = this.nowMs() + lifetimeMs
    this.rows = [...this.rows.filter((row) => row.id !== id), { place: this.head, id, expiresAtMs }]
  }

  prune(): void {
    this.rows = this.rows.filter(({ expiresAtMs }) => expiresAtMs + keptMs >= this.nowMs())
  }

  /** Another history: the same revocations, in the same order, at other places. */
  replace(): void {
    this.epoch += 1
    this.rows = this.rows.map((row, index) => ({ ...row, place: index + 1 }))
    this.head = this.rows.length
  }

  page(after: number): Omit<PulledPage, 'ageMs'> {
    const from = Math.floor((after + 1) / placesPerPage) * placesPerPage
    const through = Math.max(after, Math.min(this.head, from + placesPerPage - 1))
    const rows = this.rows
      .filter(({ place }) => place >= from && place <= through)
      .map(({ id, expiresAtMs }) => renderRow(id, expiresAtMs / 1_000))
    const first = this.rows[0]?.place ?? this.head + 1
    const nowMs = this.nowMs()
    const capped = Math.min(through, this.head)
    return { epoch: `e${this.epoch}`, nowMs, first, head: this.head, from, through: capped, rows }
  }
}

/** Not 1970: minutes of rows must be whole ones of a real clock. */
const epochMs = 1_800_000_000_000

/** One run of a scenario. */
class World {
  readonly breaches: string[] = []
  readonly #time = new VirtualTime()
  readonly #history: History
  readonly #gate: gates.RevocationGate
  readonly #live: Token[]
  readonly #code: Code
  readonly #isCalm: boolean

  constructor(code: Code, { steps, journeys, databaseAheadMs }: Scenario) {
    this.#code = code
    this.#time.wallAheadMs = epochMs
    this.#history = new History(this.#time, databaseAheadMs)
    const source = createSource(this.#time, this.#history, journeys)
    const loader = new code.RevocationLoader('https://auth.example.com', this.#time.runtime)
    const policy = { maxStalenessSeconds: boundMs / 1_000, acceptStaleSeconds: 0 }
    this.#gate = code.createGate(policy, { loader, sourceOf: () => source })
    this.#live = Array.from({ length: tokens }, (_, number) => issue(number, 0, this.#time))
    this.#isCalm =
      journeys.every(({ fate }) => fate === 'answered') &&
      steps.every(({ kind }) => kind !== 'set clock')
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#take(step)
      await this.#time.advance(0)
    }
    await this.#time.advance(boundMs)
    for (let token = 0; token < tokens; token += 1) this.#ask(token)
    await this.#time.advance(boundMs)
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === 'ask') this.#ask(step.token)
    if (step.kind === 'revoke') revoke(this.#token(step.token), this.#history, this.#time)
    if (step.kind === 'issue') {
      this.#live[step.token] = issue(step.token, this.#token(step.token).serial, this.#time)
    }
    if (step.kind === 'fill') for (let n = 0; n < step.count; n += 1) this.#history.add(freshId())
    if (step.kind === 'prune') this.#history.prune()
    if (step.kind === 'replace history') this.#history.replace()
    if (step.kind === 'set clock') this.#time.wallAheadMs += step.ms
    if (step.kind === 'wait') await this.#time.advance(step.ms)
  }

  #token(number: number): Token {
    return this.#live[number] as Token
  }

  #ask(number: number): void {
    const token = this.#token(number)
    // The guard in front has looked at the expiry, by the machine's own clock.
    if (token.expiresAtMs <= this.#time.runtime.nowMs()) return
    const begunAtMs = this.#time.nowMs
    const revocable = this.#code.revocableToken([token.id, `other${token.id.slice(5)}`])
    const judge = (outcome: string) => this.#judge(outcome, token, begunAtMs)
    if (this.#gate.isKnownLive(revocable, {})) judge('let in')
    else {
      const admitted = this.#gate.admit(revocable, {})
      void admitted.then((result) => judge(result.ok ? 'let in' : result.reason))
    }
  }

  #judge(outcome: string, { id, revokedAtMs }: Token, begunAtMs: number): void {
    const since = revokedAtMs === undefined ? -1 : begunAtMs - revokedAtMs
    if (outcome === 'let in' && since >= boundMs) {
      this.breaches.push(`${id} was let in ${since} ms after it was revoked`)
    }
    if (outcome === 'token_revoked' && revokedAtMs === undefined) {
      this.breaches.push(`${id} was refused, and never revoked`)
    }
    if (outcome === 'revocations_unavailable' && this.#isCalm) {
      this.breaches.push(`${id} was answered 503 though everybody answered`)
    }
  }
}

/**
 * Runs a scenario, and says which requests were answered as they must not be.
 *
 * @returns sentences; none where all is well
 */
export async function findBreaches(code: Code, scenario: Scenario): Promise<readonly string[]> {
  const world = new World(code, scenario)
  await world.run(scenario.steps)
  return world.breaches
}

interface Token {
  readonly serial: number
  readonly id: string
  readonly expiresAtMs: number
  revokedAtMs?: number
}

function issue(number: number, serial = 0, time: VirtualTime): Token {
  const id = `token${number}-${String(serial + 1).padStart(9, '0')}`
  return { serial: serial + 1, id, expiresAtMs: time.runtime.nowMs() + lifetimeMs }
}

function revoke(token: Token, history: History, time: VirtualTime): void {
  // By the database's clock, an expired token is nobody's to revoke any more.
  if (token.expiresAtMs > history.nowMs() + lifetimeMs) return
  history.add(token.id)
  token.revokedAtMs ??= time.nowMs
}

let others = 0
function freshId(): string {
  others += 1
  return `f${String(others).padStart(15, '0')}`
}

function createSource(
  time: VirtualTime,
  history: History,
  journeys: readonly Journey[],
): RevocationSource {
  let questions = 0
  const answers: { page: Omit<PulledPage, 'ageMs'>; readAtMs: number }[] = []
  const travel = async () => {
    const journey = journeys[questions % journeys.length] as Journey
    questions += 1
    await time.delay(journey.thereMs)
    return journey
  }
  return {
    async pull(after) {
      const askedAtMs = time.nowMs
      const { fate, backMs } = await travel()
      if (fate === 'never heard of') return new Promise(() => {})
      const answer = { page: history.page(after), readAtMs: time.nowMs }
      const earlier = answers.at(fate === 'repeated' ? -1 : -3)
      answers.push(answer)
      await time.delay(backMs)
      if (fate === 'lost') return { ok: false, reason: 'lost' }
      const isOld = (fate === 'repeated' || fate === 'answered from before') && earlier
      const { page, readAtMs } = isOld ? earlier : answer
      return { ok: true, value: { ...page, ageMs: Math.max(0, askedAtMs - readAtMs) } }
    },
    async check(ids) {
      const { fate, backMs } = await travel()
      if (fate === 'never heard of') return new Promise(() => {})
      const isRevoked = history.rows.some(({ id }) => ids.includes(id))
      const nowMs = history.nowMs()
      await time.delay(backMs)
      return fate === 'lost'
        ? { ok: false, reason: 'lost' }
        : { ok: true, value: { isRevoked, nowMs } }
    },
  }
}
