// A model to test view, loader and gate. It has a database with its history, and a network that
// loses, delays and repeats answers. It also has a machine whose clock is set, and requests at any
// moment. Whatever happens, the bound must hold; the model uses nothing else about the code.

import type * as gates from '../../src/guard/revocation/gate.ts'
import type * as loaders from '../../src/guard/revocation/loader.ts'
import { renderRow, sharedForMs } from '../../src/token/feed-format.ts'
import type { PulledPage, RevocationSource } from '../../src/token/revocation-source.ts'
import { type Journey, type Scenario, type Step, tokens } from './revocation-scenarios.ts'
import { VirtualTime } from './virtual-time.ts'

/** The code under test, or a broken copy of it. */
export interface Code {
  readonly createGate: typeof gates.createGate
  readonly revocableToken: typeof gates.revocableToken
  readonly RevocationLoader: typeof loaders.RevocationLoader
}

const boundMs = 10_000
const placesPerPage = 4
const lifetimeMs = 120_000
const keptMs = 300_000

interface Row {
  readonly place: number
  readonly id: string
  readonly expiresAtMs: number
}

/** The content of the database from a moment on. */
interface State {
  readonly fromMs: number
  readonly epoch: number
  readonly head: number
  readonly rows: readonly Row[]
}

/** The present and past content of the database. */
class History {
  #states: readonly State[] = [{ fromMs: 0, epoch: 0, head: 0, rows: [] }]
  readonly #time: VirtualTime
  readonly #aheadMs: number

  constructor(time: VirtualTime, aheadMs: number) {
    this.#time = time
    this.#aheadMs = aheadMs
  }

  get rows(): readonly Row[] {
    return this.#at(this.#time.nowMs).rows
  }

  nowMs(readAtMs = this.#time.nowMs): number {
    return epochMs + readAtMs + this.#aheadMs
  }

  #at(readAtMs: number): State {
    return this.#states.findLast(({ fromMs }) => fromMs <= readAtMs) as State
  }

  #become(change: Partial<State>): void {
    const now = this.#at(this.#time.nowMs)
    this.#states = [...this.#states, { ...now, ...change, fromMs: this.#time.nowMs }]
  }

  /** An id that is revoked again gets a new place. */
  add(id: string): void {
    const { head, rows } = this.#at(this.#time.nowMs)
    const row = { place: head + 1, id, expiresAtMs: this.nowMs() + lifetimeMs }
    this.#become({ head: head + 1, rows: [...rows.filter((other) => other.id !== id), row] })
  }

  prune(): void {
    this.#become({ rows: this.rows.filter((row) => row.expiresAtMs + keptMs >= this.nowMs()) })
  }

  /** Another history: the same revocations, in the same order, at other places. */
  replace(): void {
    const { epoch, rows } = this.#at(this.#time.nowMs)
    const again = rows.map((row, index) => ({ ...row, place: index + 1 }))
    this.#become({ epoch: epoch + 1, rows: again, head: rows.length })
  }

  /** A page as it was read at some moment. */
  page(after: number, readAtMs: number): Omit<PulledPage, 'ageMs'> {
    const { epoch, head, rows: known } = this.#at(readAtMs)
    const from = Math.floor((after + 1) / placesPerPage) * placesPerPage
    const through = Math.min(head, from + placesPerPage - 1)
    const rows = known
      .filter(({ place }) => place >= from && place <= through)
      .map(({ id, expiresAtMs }) => renderRow(id, expiresAtMs / 1_000))
    const first = known[0]?.place ?? head + 1
    return { epoch: `e${epoch}`, nowMs: this.nowMs(readAtMs), first, head, from, through, rows }
  }
}

/** Not 1970: the minutes of rows must be whole minutes of a real clock. */
const epochMs = 1_800_000_000_000

/** One run of a scenario. */
class World {
  readonly breaches: string[] = []
  readonly #time = new VirtualTime()
  readonly #history: History
  readonly #gate: gates.RevocationGate
  /** Another guard of the same isolate. */
  readonly #strictGate: gates.RevocationGate
  /** The tokens that a client was told are revoked. */
  readonly #told = new Set<string>()
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
    this.#strictGate = code.createGate('strict', { loader, sourceOf: () => source })
    this.#live = Array.from({ length: tokens }, (_, number) => issue(number, 0, this.#time))
    this.#isCalm =
      journeys.every(({ fate, behindMs }) => fate === 'answered' && behindMs <= sharedForMs) &&
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
    if (step.kind === 'ask strictly') this.#ask(step.token, this.#strictGate)
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

  #ask(number: number, gate = this.#gate): void {
    const token = this.#token(number)
    // The guard has checked the expiry before, by the machine's own clock.
    if (token.expiresAtMs <= this.#time.runtime.nowMs()) return
    const begunAtMs = this.#time.nowMs
    const revocable = this.#code.revocableToken([token.id, `other${token.id.slice(5)}`])
    const wasTold = this.#told.has(token.id)
    const judge = (outcome: string) => {
      this.#judge(outcome, token, begunAtMs)
      if (outcome === 'let in' && wasTold) {
        this.breaches.push(`${token.id} was let in after it was refused as revoked`)
      }
    }
    if (gate.isKnownLive(revocable, {})) judge('let in')
    else {
      const admitted = gate.admit(revocable, {})
      void admitted.then((result) => judge(result.ok ? 'let in' : result.error))
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
    if (outcome === 'token_revoked') this.#told.add(id)
    if (outcome === 'revocations_unavailable' && this.#isCalm) {
      this.breaches.push(`${id} was answered 503 though everybody answered`)
    }
  }
}

/**
 * Runs a scenario, and finds the requests with a forbidden answer.
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
  // By the database's clock, an expired token can no longer be revoked.
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
      const { fate, backMs, behindMs } = await travel()
      if (fate === 'never heard of') return new Promise(() => {})
      const readAtMs = Math.max(0, time.nowMs - behindMs)
      const answer = { page: history.page(after, readAtMs), readAtMs }
      const earlier = answers.at(fate === 'repeated' ? -1 : -3)
      answers.push(answer)
      await time.delay(backMs)
      if (fate === 'lost') return { ok: false, error: 'lost' }
      const isOld = (fate === 'repeated' || fate === 'answered from before') && earlier
      const given = isOld ? earlier : answer
      return { ok: true, value: { ...given.page, ageMs: Math.max(0, askedAtMs - given.readAtMs) } }
    },
    async check(ids) {
      const { fate, backMs } = await travel()
      if (fate === 'never heard of') return new Promise(() => {})
      const revoked = history.rows.map(({ id }) => id).filter((id) => ids.includes(id))
      const nowMs = history.nowMs()
      await time.delay(backMs)
      return fate === 'lost'
        ? { ok: false, error: 'lost' }
        : { ok: true, value: { isRevoked: revoked.length > 0, revoked, nowMs } }
    },
  }
}
