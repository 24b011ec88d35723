// A model to test source, view, loader and gate while backups are restored. Its service has several
// isolates that are a moment behind each other, and a cache in front. Places are sparse, so that a
// few rows fill many segments.

import { createRandomId } from '../../src/crypto/random-id.ts'
import type * as gates from '../../src/guard/revocation/gate.ts'
import type * as sources from '../../src/guard/revocation/remote-source.ts'
import {
  placesPerPage,
  placesPerSegment,
  renderFeed,
  renderRow,
  segmentsKept,
} from '../../src/token/feed-format.ts'
import { type RestoreScenario, type RestoreStep, tokens } from './restored-scenarios.ts'
import type { Code } from './revocation-model.ts'
import { VirtualTime } from './virtual-time.ts'

/** The code under test, or a broken copy of it. */
export interface RemoteCode extends Code {
  readonly createRemoteSource: typeof sources.createRemoteSource
}

const boundMs = 10_000
const longestPauseMs = 6_000
const pageKeptForMs = 60_000

/** The content of the database from a moment on. */
interface State {
  readonly fromMs: number
  readonly epoch: string
  readonly head: number
  readonly rows: readonly { readonly place: number; readonly id: string }[]
}

interface Token {
  readonly id: string
  revokedAtMs?: number
  /** Whether a restored backup lacks its revocation. */
  isLost: boolean
}

const issuer = 'https://auth.example.com'
/** Not 1970, and nothing expires. */
const startMs = 1_800_000_000_000

class RestoreWorld {
  readonly breaches: string[] = []
  readonly #time = new VirtualTime()
  readonly #code: RemoteCode
  readonly #scenario: RestoreScenario
  readonly #cache = new Map<string, { readonly text: string; readonly atMs: number }>()
  readonly #live: Token[]
  #states: readonly State[] = [{ fromMs: 0, epoch: 'e0', head: 0, rows: [] }]
  #gate: gates.RevocationGate
  #questions = 0
  #epochs = 0
  /** Whether the service runs on a backup that still has its old epoch. */
  #isWrong = false
  /** Whether it ever did: then guards may answer 503. */
  #wasWrong = false

  constructor(code: RemoteCode, scenario: RestoreScenario) {
    this.#code = code
    this.#scenario = scenario
    this.#time.wallAheadMs = startMs
    this.#live = Array.from({ length: tokens }, () => this.#issue())
    this.#gate = this.#startGuard()
  }

  async run(): Promise<void> {
    for (const one of this.#scenario.steps) {
      await this.#take(one)
      await this.#time.advance(0)
    }
    if (this.#isWrong) this.#renew()
    await this.#time.advance(boundMs)
    // After failures there may be one more pause, in which other requests do not wait for the load.
    this.#askAll()
    await this.#time.advance(longestPauseMs)
    this.#wasWrong = false
    this.#askAll()
    await this.#time.advance(boundMs)
  }

  #askAll(): void {
    for (let token = 0; token < tokens; token += 1) this.#ask(token)
  }

  async #take(one: RestoreStep): Promise<void> {
    if (one.kind === 'wait') await this.#time.advance(one.ms)
    if (one.kind === 'ask') this.#ask(one.token)
    // Before the backup has a new epoch, the service does not write to it.
    if (one.kind === 'revoke' && !this.#isWrong) this.#revoke(one.token, one.places)
    if (one.kind === 'restore') this.#restore(one.agoMs, one.isByTheBook)
    if (one.kind === 'new epoch') this.#renew()
    if (one.kind === 'new guard') this.#gate = this.#startGuard()
  }

  #issue(): Token {
    return { id: createRandomId(this.#time.runtime), isLost: false }
  }

  #startGuard(): gates.RevocationGate {
    const service = { fetch: (request: Request) => this.#answer(request) }
    const { createRemoteSource, createGate, RevocationLoader } = this.#code
    const source = createRemoteSource({ issuer, service: () => service }, this.#time.runtime)
    const loader = new RevocationLoader(issuer, this.#time.runtime)
    const policy = { maxStalenessSeconds: boundMs / 1_000, acceptStaleSeconds: 0 }
    return createGate(policy, { loader, sourceOf: () => source })
  }

  #at(readAtMs: number): State {
    return this.#states.findLast(({ fromMs }) => fromMs <= readAtMs) ?? (this.#states[0] as State)
  }

  #become(state: Omit<State, 'fromMs'>): void {
    this.#states = [...this.#states, { ...state, fromMs: this.#time.nowMs }]
  }

  #revoke(number: number, places: number): void {
    const token = this.#live[number] as Token
    if (token.isLost) {
      this.#live[number] = this.#issue()
      return
    }
    const { epoch, head, rows } = this.#at(this.#time.nowMs)
    const place = head + places
    const others = rows.filter(({ id }) => id !== token.id)
    this.#become({ epoch, head: place, rows: [...others, { place, id: token.id }] })
    token.revokedAtMs ??= this.#time.nowMs
  }

  #restore(agoMs: number, isByTheBook: boolean): void {
    const backup = this.#at(this.#time.nowMs - agoMs)
    this.#become(backup)
    for (const token of this.#live) {
      const isKnown = backup.rows.some(({ id }) => id === token.id)
      if (token.revokedAtMs !== undefined && !isKnown) token.isLost = true
    }
    if (isByTheBook) this.#renew()
    else {
      this.#isWrong = true
      this.#wasWrong = true
    }
  }

  #renew(): void {
    this.#epochs += 1
    this.#become({ ...this.#at(this.#time.nowMs), epoch: `e${this.#epochs}` })
    this.#isWrong = false
  }

  #ask(number: number): void {
    const token = this.#live[number] as Token
    const begunAtMs = this.#time.nowMs
    const revocable = this.#code.revocableToken([token.id])
    const judge = (outcome: string) => this.#judge(outcome, token, begunAtMs)
    if (this.#gate.isKnownLive(revocable, {})) judge('let in')
    else {
      const admitted = this.#gate.admit(revocable, {})
      void admitted.then((result) => judge(result.ok ? 'let in' : result.error))
    }
  }

  #judge(outcome: string, { id, isLost, revokedAtMs }: Token, begunAtMs: number): void {
    const since = revokedAtMs === undefined ? -1 : begunAtMs - revokedAtMs
    if (outcome === 'let in' && since >= boundMs && !isLost) {
      this.breaches.push(`${id} was let in ${since} ms after it was revoked`)
    }
    if (outcome === 'token_revoked' && revokedAtMs === undefined) {
      this.breaches.push(`${id} was refused, and never revoked`)
    }
    if (outcome === 'revocations_unavailable' && !this.#wasWrong) {
      this.breaches.push(`${id} was answered 503: ${this.#gate.problem()}`)
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const path = pathname.replace('/auth/feed/', '')
    if (path === 'check') return this.#check(await request.json())
    await this.#time.delay(20)
    const { cachedForMs } = this.#scenario
    const nonce = searchParams.get('nonce')
    const kept = nonce === null ? this.#cache.get(path) : undefined
    if (kept && this.#time.nowMs - kept.atMs < cachedForMs) return new Response(kept.text)
    const text = this.#pageAt(path, nonce)
    if (nonce === null && text) this.#cache.set(path, { text, atMs: this.#time.nowMs })
    await this.#time.delay(20)
    return new Response(text ?? '{}', { status: text === undefined ? 404 : 200 })
  }

  /** The answer of an isolate, also of version 0.4, which may show pages of a longer history. */
  #pageAt(path: string, nonce: string | null): string | undefined {
    const { behindMs } = this.#scenario
    const nowMs = this.#time.nowMs
    const readAtMs = nowMs - (behindMs[this.#questions++ % behindMs.length] ?? 0)
    const tail = this.#at(readAtMs)
    const [kind, number] = [path.split('/')[0], Number(path.split('/')[1])]
    const [latest, last] = [segmentOf(tail.head + 1), Math.floor(tail.head / placesPerPage)]
    if (kind === 'since') {
      if (number > latest || number <= latest - segmentsKept) return undefined
      return this.#render(tail, { number, places: placesPerSegment, readAtMs, nonce })
    }
    if (number > last) return undefined
    const old = this.#states.find((state) => {
      const isRecent = state.fromMs > nowMs - pageKeptForMs && state.fromMs <= readAtMs
      const through = Math.min(state.head, (number + 1) * placesPerPage - 1)
      return (
        isRecent && state.epoch === tail.epoch && latest - segmentOf(through + 1) < segmentsKept
      )
    })
    const page = old ?? tail
    const pageAtMs = old ? old.fromMs : readAtMs
    return this.#render(page, { number, places: placesPerPage, readAtMs: pageAtMs, nonce })
  }

  #render(
    { epoch, head, rows: all }: State,
    read: { number: number; places: number; readAtMs: number; nonce: string | null },
  ): string {
    const { readAtMs, nonce } = read
    const from = read.number * read.places
    const through = Math.min(head, from + read.places - 1)
    const rows = all
      .filter(({ place }) => place >= from && place <= through)
      .map(({ id }) => renderRow(id, startMs / 1_000 + 86_400))
    const first = Math.min(head + 1, ...all.map(({ place }) => place))
    const proof = nonce === null ? undefined : { nonce, ageMs: this.#time.nowMs - readAtMs }
    return renderFeed({ epoch, nowMs: startMs + readAtMs, first, head, from, through, rows, proof })
  }

  async #check(question: unknown): Promise<Response> {
    const { ids, nonce } = question as { ids: readonly string[]; nonce: string }
    await this.#time.delay(20)
    const { rows } = this.#at(this.#time.nowMs)
    const revoked = ids.filter((id) => rows.some((row) => row.id === id))
    const now_ms = startMs + this.#time.nowMs
    return Response.json({ version: 1, now_ms, revoked, nonce })
  }
}

function segmentOf(place: number): number {
  return Math.floor(place / placesPerSegment)
}

/**
 * Runs a scenario, and finds the requests with a forbidden answer.
 *
 * @returns sentences; none where all is well
 */
export async function findRestoreBreaches(
  code: RemoteCode,
  scenario: RestoreScenario,
): Promise<readonly string[]> {
  const world = new RestoreWorld(code, scenario)
  await world.run()
  return world.breaches
}
