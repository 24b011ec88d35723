// The service's feed, over a service binding or over HTTP. Caches on the way are welcome, and not
// trusted: whatever an answer's headers say, how old it is follows from the database's clock in it,
// compared with an answer that no cache can have had, for it repeats a nonce of ours.

import { createRandomId } from '../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { askService, type FindBinding, type ServiceBinding } from '../remote/ask-service.ts'
import type { Runtime } from '../runtime.ts'
import { feedUrl } from '../token/issuer.ts'
import { isObject } from '../token/jwk.ts'
import type { VerificationContext } from '../token/key-set.ts'
import {
  type FeedAnswer,
  type FeedPage,
  feedVersion,
  parseFeed,
  placesPerPage,
  placesPerSegment,
  rowCharacters,
  segmentsKept,
} from './feed-format.ts'
import type { CheckedToken, PulledPage, RevocationSource } from './source.ts'

export interface RemoteSourceOptions<Bindings> {
  readonly issuer: string
  readonly service?: ((env: Bindings) => ServiceBinding) | undefined
}

const maxFeedBytes = placesPerPage * rowCharacters + 4_096
const maxCheckBytes = 16_384
/** An answer that is older than this has been held back by somebody; the service's own are younger. */
const maxCachedMs = 3_000
/** After this, the clocks may have drifted apart. */
const comparedForMs = 600_000
const subject = 'The revocation feed'

/** How the database's clock compares with the one here. */
interface ClockComparison {
  /** The database's clock is ahead of the one here by this much, or less. */
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
  /** Where the history stood when it was last heard of. */
  #known: Pick<FeedPage, 'epoch' | 'head'> | undefined
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

  async pull(after: number, { env }: VerificationContext): Promise<Result<PulledPage, string>> {
    const ask = (path: string, nonce?: string) => this.#ask(env, path, nonce)
    const isFar = !this.#known || segmentOf(this.#known.head) - segmentOf(after) >= segmentsKept
    const page = isFar ? await this.#pullSnapshot(after, ask) : await this.#pullSegment(after, ask)
    if (page.ok) this.#known = { epoch: page.value.epoch, head: page.value.head }
    return page
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
      : refuse(`${subject} at ${url} gives no answer to this question; check the issuer.`)
  }

  /** What comes right after `after`; where the service has it no more, a page of the snapshot. */
  async #pullSegment(after: number, ask: Ask): Promise<Result<PulledPage, string>> {
    const number = segmentOf(after)
    const page = await this.#askTwice(`since/${number}`, ask)
    if (!page.ok) return page
    if (page.value) return expectFrom(page.value, number * placesPerSegment)
    return this.#pullSnapshot(after, this.#pastCaches(ask))
  }

  /** A page of the snapshot may be old: what has happened since is in the segments. */
  async #pullSnapshot(after: number, ask: Ask): Promise<Result<PulledPage, string>> {
    const number = Math.floor((after + 1) / placesPerPage)
    const cached = await ask(`snapshot/${number}`)
    const isOfNoUse = cached.ok && cached.value && !this.#getsOn(cached.value, after)
    const answer = isOfNoUse ? await this.#pastCaches(ask)(`snapshot/${number}`) : cached
    if (!answer.ok) return answer
    if (!answer.value) {
      return refuse(
        `${subject} at ${this.#url} answers with status 404; check the issuer, and that its service is of version 0.3 or later.`,
      )
    }
    const ageMs = Number.POSITIVE_INFINITY
    return expectFrom({ ...answer.value, ageMs }, number * placesPerPage)
  }

  /** Through caches where their answer is young enough, past them otherwise. */
  async #askTwice(path: string, ask: Ask): Promise<Result<PulledPage | undefined, string>> {
    const cached = this.#areClocksCompared() ? await this.#askThroughCaches(path, ask) : undefined
    if (cached) return cached
    const nonce = createRandomId(this.#runtime)
    const askedAtMs = this.#runtime.elapsedMs()
    const answer = await ask(path, nonce)
    if (!answer.ok) return answer
    if (!answer.value?.proof) return succeed(undefined)
    const { ageMs } = answer.value.proof
    this.#clocks = { aheadMs: answer.value.nowMs - (askedAtMs - ageMs), atMs: askedAtMs }
    return succeed({ ...answer.value, ageMs })
  }

  async #askThroughCaches(path: string, ask: Ask): Promise<Result<PulledPage, string> | undefined> {
    const askedAtMs = this.#runtime.elapsedMs()
    const answer = await ask(path)
    if (!answer.ok) return answer
    if (!answer.value || !this.#clocks) return undefined
    const madeAtMs = answer.value.nowMs - this.#clocks.aheadMs
    // One from the future means that a clock was set.
    const isPlausible = madeAtMs <= this.#runtime.elapsedMs()
    const ageMs = Math.max(0, askedAtMs - madeAtMs)
    const isUsable = isPlausible && ageMs <= maxCachedMs && this.#isCurrent(answer.value)
    return isUsable ? succeed({ ...answer.value, ageMs }) : undefined
  }

  /** Questions with a nonce, which no cache has an answer to. */
  #pastCaches(ask: Ask): Ask {
    return (path) => ask(path, createRandomId(this.#runtime))
  }

  /** Whether an answer knows as much of the history as was known before. */
  #isCurrent({ epoch, head }: FeedAnswer): boolean {
    return !this.#known || (epoch === this.#known.epoch && head >= this.#known.head)
  }

  /** Whether a page leads to more than is known, or says that there is no more. */
  #getsOn({ epoch, through, head }: FeedAnswer, after: number): boolean {
    const isKnownHistory = !this.#known || epoch === this.#known.epoch
    return isKnownHistory && (through > after || head === after)
  }

  #areClocksCompared(): boolean {
    const sinceMs = this.#runtime.elapsedMs() - (this.#clocks?.atMs ?? Number.NEGATIVE_INFINITY)
    return sinceMs >= 0 && sinceMs < comparedForMs
  }

  /** One question; undefined where the service has nothing at this path. */
  async #ask(
    env: unknown,
    path: string,
    nonce: string | undefined,
  ): Promise<Result<FeedAnswer | undefined, string>> {
    const url = `${this.#url}/${path}${nonce === undefined ? '' : `?nonce=${nonce}`}`
    const question = { url, subject, headers: { Accept: 'text/plain' }, maxBytes: maxFeedBytes }
    const answer = await askService(this.#bindingIn(env), question)
    if (!answer.ok) return answer
    if (!answer.value.isFound) return succeed(undefined)
    const feed = parseFeed(answer.value.text)
    if (!feed.ok) return refuse(`${subject} at ${url} ${feed.reason}.`)
    if (nonce !== undefined && feed.value.proof?.nonce !== nonce) {
      return refuse(
        `${subject} at ${url} is the answer to another question: a cache on the way leaves out the query; let it pass /auth/feed by.`,
      )
    }
    return feed
  }
}

type Ask = (path: string, nonce?: string) => Promise<Result<FeedAnswer | undefined, string>>

/** The segment in which what comes after a place begins. */
function segmentOf(after: number): number {
  return Math.floor((after + 1) / placesPerSegment)
}

function expectFrom(page: PulledPage, from: number): Result<PulledPage, string> {
  return page.from === from
    ? succeed(page)
    : refuse(`${subject} answers with another part than was asked for; check caches on the way.`)
}

function parseCheck(text: string, nonce: string): CheckedToken | undefined {
  try {
    const answer: unknown = JSON.parse(text)
    if (!isObject(answer) || answer.version !== feedVersion || answer.nonce !== nonce) {
      return undefined
    }
    const { now_ms: nowMs, revoked } = answer
    if (!Number.isSafeInteger(nowMs) || !Array.isArray(revoked)) return undefined
    return { isRevoked: revoked.length > 0, nowMs: Number(nowMs) }
  } catch {
    return undefined
  }
}
