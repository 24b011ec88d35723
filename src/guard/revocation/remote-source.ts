// The service's feed, over a service binding or over HTTP. Caches on the way may answer, but are
// not trusted. The age of an answer follows from the database's clock in it, never from its
// headers. Its clock is compared with that of an answer that repeats our nonce. No cache can have
// such an answer.

import { createRandomId } from '../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import {
  type FeedAnswer,
  feedVersion,
  pageOf,
  placesPerPage,
  placesPerSegment,
  rowCharacters,
  segmentOf,
  segmentsKept,
  sharedForMs,
  streamSeconds,
} from '../../token/feed-format.ts'
import { feedUrl } from '../../token/issuer.ts'
import { parseJsonObject } from '../../token/json.ts'
import type { VerificationContext } from '../../token/key-set.ts'
import type {
  CheckedToken,
  FollowedFeed,
  FollowOptions,
  PulledPage,
  RevocationSource,
} from '../../token/revocation-source.ts'
import {
  askService,
  type FindBinding,
  type Question,
  type ServiceBinding,
  timeoutMs,
} from '../remote/ask-service.ts'
import { FrameReader, readFeed } from './frame-reader.ts'

export interface RemoteSourceOptions<Bindings> {
  readonly issuer: string
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
}

const maxFeedBytes = placesPerPage * rowCharacters + 4_096
const maxCheckBytes = 16_384
/**
 * The service's own answers are younger than this. Something on the way has held back an older one.
 */
const maxCachedMs = 3_000
/** After this, the clocks may have drifted apart. */
const comparedForMs = 600_000
const subject = 'The revocation feed'

/** The difference between the clock of a history's database and the clock here. */
interface ClockComparison {
  /** A restored database may be on another machine. */
  readonly epoch: string
  /** The database's clock is ahead of the one here by at most this much. */
  readonly aheadMs: number
  readonly atMs: number
}

/** The feed of an issuer's service. Each question takes at most 3 s. */
export function createRemoteSource<Bindings>(
  { issuer, service }: RemoteSourceOptions<Bindings>,
  runtime: Pick<Runtime, 'elapsedMs' | 'randomBytes'>,
): RevocationSource {
  const bindingIn = (env: unknown): FindBinding => service && (() => service(env as Bindings))
  return new RemoteSource(feedUrl(issuer), bindingIn, runtime)
}

class RemoteSource implements RevocationSource {
  readonly #url: string
  readonly #bindingIn: (env: unknown) => FindBinding
  readonly #runtime: Pick<Runtime, 'elapsedMs' | 'randomBytes'>
  #clocks: ClockComparison | undefined

  constructor(
    url: string,
    bindingIn: (env: unknown) => FindBinding,
    runtime: Pick<Runtime, 'elapsedMs' | 'randomBytes'>,
  ) {
    this.#url = url
    this.#bindingIn = bindingIn
    this.#runtime = runtime
  }

  pull(
    after: number,
    { env }: VerificationContext,
    followed?: FollowedFeed,
  ): Promise<Result<PulledPage, string>> {
    const ask = (path: string, nonce?: string) => this.#ask(env, path, nonce)
    if (!followed) return this.#pullSnapshot(after, undefined, ask)
    const isFar = segmentOf(followed.head + 1) - segmentOf(after + 1) >= segmentsKept
    return isFar
      ? this.#pullSnapshot(after, followed, ask)
      : this.#pullSegment(after, followed, ask)
  }

  async follow(
    after: number,
    { env }: VerificationContext,
    { followed, beatMs, take }: FollowOptions,
  ): Promise<Result<number, string>> {
    const nonce = createRandomId(this.#runtime)
    const reader = new FrameReader(nonce, this.#runtime, take)
    const query = new URLSearchParams({
      ...{ after: `${after}`, epoch: followed.epoch, nonce },
      ...{ follow: `${streamSeconds}`, beat_ms: `${beatMs}` },
    })
    // An isolate of the service that is behind may not know yet that the next segment has begun.
    const url = `${this.#url}/since/${segmentOf(after)}?${query}`
    const stream = { take: reader.take, withinMs: streamSeconds * 1_000 + timeoutMs }
    const answer = await askService(this.#bindingIn(env), { ...textAt(url), stream })
    if (!answer.ok) return answer
    const { isFound, text, name } = answer.value
    const end = isFound ? reader.end(text) : refuse('is not found')
    return end.ok ? end : refuse(`${name} ${end.error}.`)
  }

  async check(
    ids: readonly string[],
    { env }: VerificationContext,
  ): Promise<Result<CheckedToken, string>> {
    const nonce = createRandomId(this.#runtime)
    const url = `${this.#url}/check`
    const question = { url, subject, headers: { Accept: 'application/json' }, body: { ids, nonce } }
    const answer = await askService(this.#bindingIn(env), { ...question, maxBytes: maxCheckBytes })
    if (!answer.ok) return answer
    const checked = answer.value.isFound ? parseCheck(answer.value.text, nonce) : undefined
    return checked
      ? succeed(checked)
      : refuse(`${answer.value.name} gives no usable answer; check the issuer.`)
  }

  /**
   * The segment right after `after`. If the service has no such segment, a page of the snapshot.
   */
  async #pullSegment(
    after: number,
    followed: FollowedFeed,
    ask: Ask,
  ): Promise<Result<PulledPage, string>> {
    const number = segmentOf(after + 1)
    const page = await this.#askForFresh(`since/${number}`, followed, ask)
    if (!page.ok) return page
    if (page.value) return expectFrom(page.value, number * placesPerSegment)
    return this.#pullSnapshotPastCaches(pageOf(after + 1), ask)
  }

  /** A page of the snapshot may be old. The segments have what has happened since. */
  async #pullSnapshot(
    after: number,
    followed: FollowedFeed | undefined,
    ask: Ask,
  ): Promise<Result<PulledPage, string>> {
    const number = pageOf(after + 1)
    const cached = await ask(`snapshot/${number}`)
    if (!cached.ok) return cached
    if (!cached.value || !hasNewPlaces(cached.value, after, followed)) {
      return this.#pullSnapshotPastCaches(number, ask)
    }
    const unknown = { ageMs: Number.POSITIVE_INFINITY, epochAgeMs: Number.POSITIVE_INFINITY }
    return expectFrom({ ...cached.value, ...unknown }, number * placesPerPage)
  }

  /** Asks for the first page if this one does not exist: a shorter history has fewer pages. */
  async #pullSnapshotPastCaches(number: number, ask: Ask): Promise<Result<PulledPage, string>> {
    const page = await this.#askPastCaches(`snapshot/${number}`, ask)
    if (!page.ok) return page
    if (page.value) {
      return expectFrom({ ...page.value, isSnapshot: true }, number * placesPerPage)
    }
    if (number > 0) return this.#pullSnapshotPastCaches(0, ask)
    return refuse(
      `${subject} at ${this.#url} answers with status 404; check the issuer, and that its service is of version 0.3 or later.`,
    )
  }

  /** Uses an answer of a cache if it is young enough. Otherwise asks past the caches. */
  async #askForFresh(
    path: string,
    followed: FollowedFeed,
    ask: Ask,
  ): Promise<Result<PulledPage | undefined, string>> {
    const clocks = this.#comparisonFor(followed.epoch)
    const cached = clocks && (await this.#askThroughCaches(path, { followed, clocks }, ask))
    return cached ?? this.#askPastCaches(path, ask)
  }

  /** Asks with a nonce, to which no cache has an answer. */
  async #askPastCaches(path: string, ask: Ask): Promise<Result<PulledPage | undefined, string>> {
    const askedAtMs = this.#runtime.elapsedMs()
    const answer = await ask(path, createRandomId(this.#runtime))
    if (!answer.ok) return answer
    if (!answer.value?.proof) return succeed(undefined)
    const { epoch, nowMs, proof } = answer.value
    this.#clocks = { epoch, aheadMs: nowMs - (askedAtMs - proof.ageMs), atMs: askedAtMs }
    // The rows of a snapshot may be older than its epoch, which a service looks up every second.
    const epochAgeMs = Math.min(proof.ageMs, sharedForMs)
    return succeed({ ...answer.value, ageMs: proof.ageMs, epochAgeMs })
  }

  async #askThroughCaches(
    path: string,
    { followed, clocks }: { followed: FollowedFeed; clocks: ClockComparison },
    ask: Ask,
  ): Promise<Result<PulledPage, string> | undefined> {
    const askedAtMs = this.#runtime.elapsedMs()
    const answer = await ask(path)
    if (!answer.ok) return answer
    if (!answer.value) return undefined
    const madeAtMs = answer.value.nowMs - clocks.aheadMs
    // An answer from the future means that a clock was set.
    const isPlausible = madeAtMs <= this.#runtime.elapsedMs()
    const ageMs = Math.max(0, askedAtMs - madeAtMs)
    const isUsable = isPlausible && ageMs <= maxCachedMs && isCurrent(answer.value, followed)
    const epochAgeMs = Number.POSITIVE_INFINITY
    return isUsable ? succeed({ ...answer.value, ageMs, epochAgeMs }) : undefined
  }

  #comparisonFor(epoch: string): ClockComparison | undefined {
    if (this.#clocks?.epoch !== epoch) return undefined
    const sinceMs = this.#runtime.elapsedMs() - this.#clocks.atMs
    return sinceMs >= 0 && sinceMs < comparedForMs ? this.#clocks : undefined
  }

  /** Asks one question. Undefined when the service has nothing at this path. */
  async #ask(
    env: unknown,
    path: string,
    nonce: string | undefined,
  ): Promise<Result<FeedAnswer | undefined, string>> {
    const url = `${this.#url}/${path}${nonce === undefined ? '' : `?nonce=${nonce}`}`
    const answer = await askService(this.#bindingIn(env), textAt(url))
    if (!answer.ok) return answer
    if (!answer.value.isFound) return succeed(undefined)
    const feed = readFeed(answer.value.text, nonce)
    return feed.ok ? feed : refuse(`${answer.value.name} ${feed.error}.`)
  }
}

/** A question for a part of the feed. */
function textAt(url: string): Question {
  return { url, subject, headers: { Accept: 'text/plain' }, maxBytes: maxFeedBytes }
}

type Ask = (path: string, nonce?: string) => Promise<Result<FeedAnswer | undefined, string>>

/** Whether an answer knows at least as much of the same history as was known before. */
function isCurrent({ epoch, head }: FeedAnswer, followed: FollowedFeed): boolean {
  return epoch === followed.epoch && head >= followed.head
}

/** Whether a page goes beyond what is known. */
function hasNewPlaces(
  { epoch, through }: FeedAnswer,
  after: number,
  followed?: FollowedFeed,
): boolean {
  return !followed || (epoch === followed.epoch && through > after)
}

function expectFrom(page: PulledPage, from: number): Result<PulledPage, string> {
  return page.from === from
    ? succeed(page)
    : refuse(`${subject} answers with the wrong part; check caches on the way.`)
}

function parseCheck(text: string, nonce: string): CheckedToken | undefined {
  const answer = parseJsonObject(text)
  if (answer?.version !== feedVersion || answer.nonce !== nonce) return undefined
  const { now_ms: nowMs, revoked } = answer
  if (!Number.isSafeInteger(nowMs) || !Array.isArray(revoked)) return undefined
  return { isRevoked: revoked.length > 0, revoked, nowMs: Number(nowMs) }
}
