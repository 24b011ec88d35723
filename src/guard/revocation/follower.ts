// Follows the feed: one stream for an isolate and issuer, in the background of a request. It makes
// what is known younger, and pulls go on as without it. So the bound needs no stream.
//
// A stream has no promise that others may wait for. It is under way for two beats after each frame,
// as a value. A stream that is lost without a word is over then.

import { messageOf } from '../../errors/message-of.ts'
import { refuse } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type BackOff, SingleFlight } from '../../runtime/single-flight.ts'
import { streamSeconds } from '../../token/feed-format.ts'
import type { VerificationContext } from '../../token/key-set.ts'
import type { PulledPage, RevocationSource } from '../../token/revocation-source.ts'
import { timeoutMs } from '../remote/ask-service.ts'
import { keepAlive } from '../remote/keep-alive.ts'
import type { RevocationView } from './view.ts'

const longestBeatMs = 3_000
/**
 * The pause while streams do not get through. Also where the service gives one page, because it is
 * older than 0.6, or has enough streams.
 */
const pauseWithoutStreamMs = 600_000
/** Many guards are cut off at once. So each waits up to a second longer. */
const pauseAfterCutMs = 1_000

/** What a follower uses of the loader. */
interface FollowedLoader {
  readonly view: RevocationView
  /** Writes one line to the log. */
  log(event: string, problem: string): void
  /** Pulls what a stream did not bring, such as another history. */
  refresh(source: RevocationSource, context: VerificationContext): void
}

export class FeedFollower {
  readonly #loader: FollowedLoader
  readonly #runtime: Runtime
  readonly #following: SingleFlight
  /** The number of the last stream. One that was given up is not the last. */
  #streams = 0
  #isFirstFrameDue = false
  #isHeldBack = false

  constructor(loader: FollowedLoader, runtime: Runtime, backOff: BackOff) {
    this.#loader = loader
    this.#runtime = runtime
    this.#following = new SingleFlight(runtime, backOff)
  }

  /** Whether something on the way holds streams back. Guards pull sooner then. */
  get isHeldBack(): boolean {
    return this.#isHeldBack
  }

  /** Whether a stream may begin now. */
  mayBegin(): boolean {
    return this.#following.mayBegin()
  }

  /** Begins a stream in the background, if `mayBegin`. */
  begin(maxStalenessMs: number, source: RevocationSource, context: VerificationContext): void {
    const beatMs = Math.floor(Math.min(longestBeatMs, maxStalenessMs / 4))
    if (this.#isFirstFrameDue) this.#giveUp()
    else void keepAlive(context, true, () => this.#follow(beatMs, source, context))
  }

  /** No request of the isolate begins a stream for so long. */
  pauseFor(ms: number): void {
    this.#following.pauseFor(ms)
  }

  /** After an outage. What was found out about streams may have come from it. */
  forgetOutage(): void {
    this.#isHeldBack = false
    if (this.#following.isPaused()) this.#pauseAfterCut()
  }

  #pauseAfterCut(): void {
    const [jitter = 0] = this.#runtime.randomBytes(1)
    this.pauseFor(pauseAfterCutMs + 4 * jitter)
  }

  #pauseWithoutStream(): void {
    this.#following.succeed()
    this.pauseFor(pauseWithoutStreamMs)
  }

  /** The time for the first frame is over, and no end was reported. */
  #giveUp(): void {
    this.#streams += 1
    this.#isFirstFrameDue = false
    this.#isHeldBack = true
    this.#pauseWithoutStream()
    this.#loader.log(
      'revocation_stream_held_back',
      'No frame of the revocation feed came within 3 s; turn buffering off on the way to /auth/feed.',
    )
  }

  async #follow(
    beatMs: number,
    source: RevocationSource,
    context: VerificationContext,
  ): Promise<void> {
    const { view } = this.#loader
    const { followed } = view
    if (!followed) return
    this.#streams += 1
    const number = this.#streams
    const askedAt = view.readClocks()
    let isGood = false
    const take = (page: PulledPage): boolean => {
      // A frame that comes this late says nothing about the next ones.
      if (number !== this.#streams) return false
      this.#following.begin(2 * beatMs)
      this.#isFirstFrameDue = false
      this.#isHeldBack = false
      isGood = typeof view.apply(page, askedAt) === 'string'
      return isGood
    }
    this.#following.begin(timeoutMs)
    this.#isFirstFrameDue = true
    const options = { followed, beatMs, take }
    const ended =
      (await source
        .follow?.(view.position, context, options)
        .catch((error) => refuse(messageOf(error)))) ?? refuse('')
    // It was given up, or another one has begun, because this one was silent.
    if (number !== this.#streams) return
    this.#isFirstFrameDue = false
    if (ended.ok && !ended.value) this.#pauseWithoutStream()
    else if (isGood) this.#end(askedAt.elapsedMs)
    else this.#fail(ended.ok ? '' : ended.error)
    if (!view.isComplete()) this.#loader.refresh(source, context)
  }

  /** After its whole time, the next request begins another stream at once. */
  #end(askedAtMs: number): void {
    const sinceMs = this.#runtime.elapsedMs() - askedAtMs
    this.#following.succeed()
    if (sinceMs < (streamSeconds - 1) * 1_000) this.#pauseAfterCut()
  }

  #fail(problem: string): void {
    if (problem && !this.#following.hasFailed())
      this.#loader.log('revocation_stream_failed', problem)
    this.#following.fail()
  }
}
