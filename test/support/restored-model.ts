// A model to test source, follower, view, loader and gate. Backups are restored, and streams meet
// every fault of a network. The service is in modelled-service.ts. The way of its frames is in
// modelled-network.ts.

import { createRandomId } from '../../src/crypto/random-id.ts'
import type * as gates from '../../src/guard/revocation/gate.ts'
import type * as loaders from '../../src/guard/revocation/loader.ts'
import type * as sources from '../../src/guard/revocation/remote-source.ts'
import type * as streams from '../../src/service/domain/feed/feed-streams.ts'
import type { PulledPage, RevocationSource } from '../../src/token/revocation-source.ts'
import { ModelledNetwork, type StreamJourney } from './modelled-network.ts'
import { ModelledService, startMs } from './modelled-service.ts'
import { type RestoreScenario, type RestoreStep, tokens } from './restored-scenarios.ts'
import type { Code } from './revocation-model.ts'
import { VirtualTime } from './virtual-time.ts'

/** The code under test, or a broken copy of it. */
export interface RemoteCode extends Code {
  readonly createRemoteSource: typeof sources.createRemoteSource
  readonly FeedStreams: typeof streams.FeedStreams
}

const boundMs = 10_000
const longestPauseMs = 6_000
/** The follower's longest pause. */
const longestPauseWithoutStreamMs = 605_000
/** A beat, and the pause until the next request begins another stream. */
const longestWithoutFrameMs = 5_000
const neverFollows = { ok: false, error: 'This source has no stream.' } as const
/** A guard that was asked so often for so long never waits while pulls are answered. */
const busyEveryMs = 3_000
const busyForMs = 4_000

interface Token {
  readonly id: string
  revokedAtMs?: number
  /** Whether a restored backup lacks its revocation. */
  isLost: boolean
}

const issuer = 'https://auth.example.com'

class RestoreWorld {
  readonly breaches: string[] = []
  readonly time = new VirtualTime()
  readonly #code: RemoteCode
  readonly #scenario: RestoreScenario
  readonly #service: ModelledService
  readonly #network: ModelledNetwork
  readonly #live: Token[]
  #loader: loaders.RevocationLoader
  #gate: gates.RevocationGate
  #pulls = 0
  #streams = 0
  /** The most that a lie about a frame has made a view younger than it is. */
  #gainMs = 0
  #frameAtMs = 0
  #askedAtMs = Number.NEGATIVE_INFINITY
  #busySinceMs = 0
  /** Whether the service runs on a backup that still has its old epoch. */
  #isWrong = false
  /** Whether guards may answer 503, for this or another fault. */
  #mayFail: boolean
  /** Whether a busy guard has what it needs in time. */
  readonly #neverWaits: boolean

  constructor(code: RemoteCode, scenario: RestoreScenario) {
    this.#code = code
    this.#scenario = scenario
    this.#mayFail = scenario.pulls.some(({ fate }) => fate !== 'answered')
    this.#neverWaits = scenario.pulls.every(({ thereMs, backMs }) => thereMs + backMs === 0)
    this.time.wallAheadMs = startMs
    this.#service = new ModelledService(this.time, scenario, code.FeedStreams)
    this.#network = new ModelledNetwork(this.time, isHonest(scenario))
    this.#live = Array.from({ length: tokens }, () => this.#issue())
    const guard = this.#startGuard()
    this.#loader = guard.loader
    this.#gate = guard.gate
  }

  async run(): Promise<void> {
    for (const one of this.#scenario.steps) {
      await this.#take(one)
      await this.time.advance(0)
      this.#judgeView()
    }
    if (this.#isWrong) this.#renew()
    this.#network.isCalm = true
    this.time.wallAheadMs = startMs
    await this.time.advance(boundMs)
    // After failures there may be one more pause, in which other requests do not wait for the load.
    this.#askAll()
    await this.time.advance(longestPauseMs)
    this.#mayFail = false
    this.#askAll()
    await this.time.advance(boundMs)
  }

  /** After its longest pause, a busy guard follows again. */
  async followAgain(): Promise<void> {
    await this.time.advance(longestPauseWithoutStreamMs)
    for (let seconds = 0; seconds < 60; seconds += 1) {
      const sinceMs = this.time.nowMs - this.#frameAtMs
      if (seconds > 10 && sinceMs > longestWithoutFrameMs) {
        this.breaches.push(`no frame came for ${sinceMs} ms`)
      }
      this.#ask(0)
      await this.time.advance(1_000)
    }
  }

  #askAll(): void {
    for (let token = 0; token < tokens; token += 1) this.#ask(token)
  }

  async #take(one: RestoreStep): Promise<void> {
    if (one.kind === 'wait') await this.time.advance(one.ms)
    if (one.kind === 'ask') this.#ask(one.token)
    // Before the backup has a new epoch, the service does not write to it.
    if (one.kind === 'revoke' && !this.#isWrong) this.#revoke(one.token, one.places)
    if (one.kind === 'restore') this.#restore(one.agoMs, one.isByTheBook)
    if (one.kind === 'new epoch') this.#renew()
    if (one.kind === 'new guard') {
      const { loader, gate } = this.#startGuard()
      this.#loader = loader
      this.#gate = gate
      this.#askedAtMs = Number.NEGATIVE_INFINITY
    }
    if (one.kind === 'set clock') this.#setClock(one.isolate, one.ms)
  }

  #setClock(number: number | undefined, ms: number): void {
    const isolates = this.#service.isolates
    const isolate = number === undefined ? undefined : isolates[number % isolates.length]
    if (isolate) isolate.clockAheadMs += ms
    else {
      this.time.wallAheadMs += ms
      this.#mayFail = true
    }
  }

  #issue(): Token {
    return { id: createRandomId(this.time.runtime), isLost: false }
  }

  #startGuard() {
    const service = { fetch: (request: Request) => this.#fetch(request) }
    const { createRemoteSource, createGate, RevocationLoader } = this.#code
    const source = createRemoteSource({ issuer, service: () => service }, this.time.runtime)
    const loader = new RevocationLoader(issuer, this.time.runtime)
    const follow = this.#scenario.streams.length > 0
    const policy = { maxStalenessSeconds: boundMs / 1_000, acceptStaleSeconds: 0, follow }
    const watched = this.#watch(source)
    return { loader, gate: createGate(policy, { loader, sourceOf: () => watched }) }
  }

  /** The same source. Each frame is judged as the guard takes it. */
  #watch(source: RevocationSource): RevocationSource {
    return {
      pull: (...question) => source.pull(...question),
      check: (...question) => source.check(...question),
      follow: async (after, context, options) => {
        const askedAtMs = this.time.nowMs
        const take = (page: PulledPage) => {
          this.#judgeFrame(page, askedAtMs)
          const goesOn = options.take(page)
          this.#judgeView()
          return goesOn
        }
        return (await source.follow?.(after, context, { ...options, take })) ?? neverFollows
      },
    }
  }

  #revoke(number: number, places: number): void {
    const token = this.#live[number] as Token
    if (token.isLost) {
      this.#live[number] = this.#issue()
      return
    }
    this.#service.revoke(token.id, places)
    token.revokedAtMs ??= this.time.nowMs
  }

  #restore(agoMs: number, isByTheBook: boolean): void {
    const backup = this.#service.restore(agoMs)
    for (const token of this.#live) {
      if (token.revokedAtMs !== undefined && !backup.knows(token.id)) token.isLost = true
    }
    if (isByTheBook) this.#renew()
    else {
      this.#isWrong = true
      this.#mayFail = true
    }
  }

  #renew(): void {
    this.#service.renewEpoch()
    this.#isWrong = false
  }

  #ask(number: number): void {
    const token = this.#live[number] as Token
    const begunAtMs = this.time.nowMs
    if (begunAtMs - this.#askedAtMs > busyEveryMs) this.#busySinceMs = begunAtMs
    this.#askedAtMs = begunAtMs
    const revocable = this.#code.revocableToken([token.id])
    const judge = (outcome: string) => this.#judge(outcome, token, begunAtMs)
    if (this.#gate.isKnownLive(revocable, {})) {
      judge('let in')
      return
    }
    const isBusy = begunAtMs - this.#busySinceMs >= busyForMs
    if (
      isBusy &&
      this.#neverWaits &&
      !this.#mayFail &&
      !this.#loader.view.isRevoked(revocable.words)
    ) {
      this.breaches.push(`${token.id} had to wait at ${begunAtMs} ms`)
    }
    const admitted = this.#gate.admit(revocable, {})
    void admitted.then((result) => judge(result.ok ? 'let in' : result.error))
  }

  #judge(outcome: string, { id, isLost, revokedAtMs }: Token, begunAtMs: number): void {
    const since = revokedAtMs === undefined ? -1 : begunAtMs - revokedAtMs
    if (outcome === 'let in' && since >= boundMs + this.#gainMs && !isLost) {
      this.breaches.push(`${id} was let in ${since} ms after it was revoked`)
    }
    if (outcome === 'token_revoked' && revokedAtMs === undefined) {
      this.breaches.push(`${id} was refused, and never revoked`)
    }
    if (outcome === 'revocations_unavailable' && !this.#mayFail) {
      this.breaches.push(`${id} was answered 503: ${this.#gate.problem()}`)
    }
  }

  /** A frame never counts as younger than it is. A lie gains its time on the network at most. */
  #judgeFrame(page: PulledPage, askedAtMs: number): void {
    this.#frameAtMs = this.time.nowMs
    const gainMs = askedAtMs - page.ageMs - (page.nowMs - startMs)
    const mostMs = this.#network.mostGainMs(page)
    this.#gainMs = Math.max(this.#gainMs, mostMs)
    if (gainMs > mostMs) {
      this.breaches.push(`a frame counts as ${gainMs} ms younger than it is, not ${mostMs}`)
    }
  }

  /** Every revocation from before the moment as of which the view says it is complete is known. */
  #judgeView(): void {
    const knownAtMs = this.time.nowMs - this.#loader.view.ageMs() - this.#gainMs
    for (const { id, isLost, revokedAtMs = knownAtMs } of this.#live) {
      const isKnown = this.#loader.view.isRevoked(this.#code.revocableToken([id]).words)
      if (revokedAtMs < knownAtMs && !isLost && !isKnown) {
        this.breaches.push(`${id} is not known ${knownAtMs - revokedAtMs} ms too late`)
      }
    }
  }

  #fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (!url.searchParams.has('follow')) return this.#pull(request)
    const journey = this.#scenario.streams[this.#streams % this.#scenario.streams.length]
    this.#streams += 1
    return this.#follow(url, request, journey as StreamJourney)
  }

  async #follow(url: URL, request: Request, { thereMs, ...way }: StreamJourney): Promise<Response> {
    const kind = this.#network.isCalm ? 'frames' : way.kind
    await this.time.delay(this.#network.isCalm ? 0 : thereMs)
    if (kind === 'never answered') return new Promise(() => {})
    if (kind === 'fails') throw new Error('connection lost')
    if (kind === 'an ordinary page') return this.#service.answer(request)
    const { isolates } = this.#service
    const isolate = isolates[this.#streams % isolates.length] as (typeof isolates)[number]
    const frames = await isolate.follow(url)
    return new Response(this.#network.carry(frames, { ...way, thereMs }))
  }

  async #pull(request: Request): Promise<Response> {
    const { pulls } = this.#scenario
    const journey = this.#network.isCalm ? undefined : pulls[this.#pulls % pulls.length]
    this.#pulls += 1
    await this.time.delay(journey?.thereMs ?? 0)
    if (journey?.fate === 'never answered') return new Promise(() => {})
    const response = await this.#service.answer(request)
    await this.time.delay(journey?.backMs ?? 0)
    if (journey?.fate === 'lost') throw new Error('connection lost')
    return response
  }
}

/** Whether no isolate says a wrong time. */
function isHonest({ steps, streams }: RestoreScenario): boolean {
  return (
    steps.every((one) => one.kind !== 'set clock' || one.isolate === undefined) &&
    streams.every(({ frames }) => frames.every(({ lieMs }) => lieMs === 0))
  )
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
  const { timeout } = AbortSignal
  AbortSignal.timeout = (ms) => world.time.timeout(ms)
  try {
    await world.run()
    if (scenario.followsAgain) await world.followAgain()
  } finally {
    AbortSignal.timeout = timeout
  }
  return world.breaches
}
