// Follows the feed: one stream for an isolate and issuer, in the background of a request. It makes
// what is known younger, and pulls go on as without it. So the bound needs no stream.
//
// A stream has no promise that others may wait for. It is under way for two beats after each frame,
// as a value. A stream that is lost without a word is over then.

import { messageOf } from '../../errors/message-of.ts'
import { refuse, succeed } from '../../errors/reasons.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { SingleFlight } from '../../runtime/single-flight.ts'
import { streamSeconds } from '../../token/feed-format.ts'
import type { VerificationContext } from '../../token/key-set.ts'
import type { PulledPage, RevocationSource } from '../../token/revocation-source.ts'
import { timeoutMs } from '../remote/ask-service.ts'
import { keepAlive } from '../remote/keep-alive.ts'
import { withoutStreamSeconds } from './frame-reader.ts'
import type { RevocationView } from './view.ts'

const longestBeatMs = 3_000
/** The pause while something on the way holds streams back. */
const pauseWhileHeldBackMs = 600_000
/** A stream that ends sooner counts as a failure. */
const shortStreamMs = 5_000

/** What a follower uses of the loader. */
interface FollowedLoader {
  readonly view: RevocationView
  /** Writes one line to the log. */
  log(event: string, problem: string): void
  /** Pulls what a stream did not bring, such as another history. */
  refresh(source: RevocationSource, context: VerificationContext): void
}

/** Decides when a guard follows, and what to do when a stream fails. */
export class FeedFollower {
  readonly #loader: FollowedLoader
  readonly #runtime: Runtime
  readonly #following: SingleFlight
  /** The number of the last stream. One that was given up is not the last. */
  #streams = 0
  /** Whether the last stream goes on, as far as is known. */
  #isOpen = false
  /** Streams in a row that fell silent. */
  #silences = 0
  /** Whether a pull has succeeded since the first of them began. */
  #hasPulled = false
  /** Whether the log says that streams fail. */
  #isTold = false
  #isHeldBack = false

  constructor(loader: FollowedLoader, runtime: Runtime) {
    this.#loader = loader
    this.#runtime = runtime
    this.#following = new SingleFlight(runtime, {
      // Many guards are cut off at once, so each waits for another time: 1 to 2 s.
      get firstPauseMs() {
        const [jitter = 0] = runtime.randomBytes(1)
        return 1_000 + 4 * jitter
      },
      longestPauseMs: 60_000,
    })
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
    if (this.#isOpen) this.#noteSilence()
    else {
      // Also where the background work cannot begin.
      this.#following.begin(timeoutMs)
      void keepAlive(context, true, () => this.#follow(beatMs, source, context))
    }
  }

  /**
   * Notes that a pull succeeded. After an outage, what was found out about streams may have come
   * from it.
   */
  notePull(isAfterOutage: boolean): void {
    this.#hasPulled = true
    if (!isAfterOutage) return
    this.#isHeldBack = false
    if (this.#following.isUnderWay()) return
    this.#isOpen = false
    this.#end(0)
    this.#following.fail()
  }

  /**
   * The last stream brought nothing for too long, and no end of it was reported. If pulls work
   * meanwhile, and it is not the first one, something on the way collects its frames.
   */
  #noteSilence(): void {
    this.#isOpen = false
    this.#streams += 1
    this.#silences += 1
    this.#following.fail()
    if (this.#silences < 2 || !this.#hasPulled) return
    this.#isHeldBack = true
    this.#following.pauseFor(pauseWhileHeldBackMs)
    this.#loader.log(
      'revocation_stream_held_back',
      'Streams of the revocation feed fall silent; turn off the buffering of /auth/feed.',
    )
  }

  async #follow(
    beatMs: number,
    source: RevocationSource,
    context: VerificationContext,
  ): Promise<void> {
    const { view } = this.#loader
    const { followed, position } = view
    if (!followed) return
    this.#streams += 1
    const number = this.#streams
    const askedAt = view.readClocks()
    let isGood = false
    const take = (page: PulledPage): boolean => {
      // A frame that comes this late says nothing about the next ones.
      if (number !== this.#streams) return false
      this.#following.begin(2 * beatMs)
      const applied = view.apply(page, askedAt)
      isGood = applied === 'complete' || applied === 'partial'
      return isGood
    }
    this.#isOpen = true
    if (this.#silences === 0) this.#hasPulled = false
    const ended =
      (await source
        .follow?.(position, context, { followed, beatMs, take })
        .catch((error) => refuse(messageOf(error)))) ?? succeed(withoutStreamSeconds)
    // It was given up.
    if (number !== this.#streams) return
    this.#isOpen = false
    if (ended.ok && ended.value > 0) this.#end(ended.value)
    else if (isGood) this.#endStream(this.#runtime.elapsedMs() - askedAt.elapsedMs)
    else this.#fail(ended.ok ? undefined : ended.error)
    if (!view.isComplete()) this.#loader.refresh(source, context)
  }

  #end(pauseSeconds: number): void {
    this.#silences = 0
    this.#isHeldBack = false
    this.#isTold = false
    this.#following.succeed()
    this.#following.pauseFor(pauseSeconds * 1_000)
  }

  /** After its whole time, the next request begins another stream at once. */
  #endStream(lastedMs: number): void {
    if (lastedMs >= shortStreamMs) this.#end(0)
    if (lastedMs < (streamSeconds - 1) * 1_000) this.#following.fail()
  }

  #fail(problem: string | undefined): void {
    if (problem !== undefined && !this.#isTold) {
      this.#isTold = true
      this.#loader.log('revocation_stream_failed', problem)
    }
    this.#following.fail()
  }
}
