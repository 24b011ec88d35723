// Keeps a view up to date for all guards of an isolate. It runs one load at a time, and pauses
// after a load that failed.

import { messageOf } from '../../errors/message-of.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type BackOff, SingleFlight } from '../../runtime/single-flight.ts'
import type { VerificationContext } from '../../token/key-set.ts'
import type { RevocationSource } from '../../token/revocation-source.ts'
import { timeoutMs } from '../remote/ask-service.ts'
import { keepAlive } from '../remote/keep-alive.ts'
import { FeedFollower } from './follower.ts'
import { maxIds, RevocationView } from './view.ts'

/** The pauses after failures: 0.5, 1, 2, 4, 5, 5 … s. */
const backOff: BackOff = { firstPauseMs: 500, longestPauseMs: 5_000 }
/** Longer than one page takes. */
const pageDeadlineMs = timeoutMs + 1_000
/**
 * The most pages without progress. Normal ones are the first page of an empty feed, and one after a
 * restored backup.
 */
const maxPagesWithoutProgress = 5
/**
 * The pause before each page after two without progress. Every isolate of the service learns what
 * is new within a second.
 */
const pauseWithoutProgressMs = 350
/** A view that cannot hold all ids loads again after this, when some may have expired. */
const pauseWhenFullMs = 300_000

/** The error that a source has thrown, as a sentence. */
export function failureOf(error: unknown): string {
  return `The revocation source failed: ${messageOf(error)}.`
}

export class RevocationLoader {
  readonly view: RevocationView
  readonly #issuer: string
  readonly #idLimit: number
  readonly #runtime: Runtime
  /**
   * Exact checks of tokens. After failures of their own, bounded guards pause them; strict guards
   * go on.
   */
  readonly checks: SingleFlight
  /** The stream that keeps the view young, beside the loads. */
  readonly follower: FeedFollower
  readonly #loading: SingleFlight
  #problem: string | undefined
  #reportedAtMs = 0

  constructor(issuer: string, runtime: Runtime, idLimit = maxIds) {
    this.view = new RevocationView(runtime, idLimit)
    this.#issuer = issuer
    this.#idLimit = idLimit
    this.#runtime = runtime
    this.checks = new SingleFlight(runtime, backOff)
    this.#loading = new SingleFlight(runtime, backOff)
    this.follower = new FeedFollower(this, runtime)
  }

  /**
   * What was last wrong: with the feed, with a check, or with too many ids. Undefined after a load
   * that succeeded.
   */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Starts a load in the background. Does nothing while a load runs, or during a pause. */
  refresh(source: RevocationSource, context: VerificationContext): void {
    if (this.#loading.mayBegin()) void this.#loadFor(source, context, true)
  }

  /**
   * Loads, or waits for the load that is under way, until `isDone`. Ends early when there is no
   * load to wait for. While the feed is unavailable, only the request that loads waits. No request
   * waits beyond its deadline.
   */
  async renew(
    isDone: () => boolean,
    source: RevocationSource,
    context: VerificationContext,
  ): Promise<void> {
    if (this.#loading.hasFailed() && this.#loading.isUnderWay()) return
    const load = () => this.#loadFor(source, context, false)
    await this.#loading.doOrWait(isDone, load, context.deadlineMs)
  }

  /** Checks that fail together count as one: one line in the log, and one pause. */
  failCheck(problem: string): void {
    if (this.checks.isPaused()) return
    this.#report('revocation_check_failed', problem)
    this.checks.fail()
  }

  /** The service answers, so the pause ends, whatever failed at the same time. */
  succeedCheck(): void {
    this.checks.succeed()
    this.checks.endPause()
  }

  #loadFor(
    source: RevocationSource,
    context: VerificationContext,
    isInBackground: boolean,
  ): Promise<void> {
    return keepAlive(context, isInBackground, () =>
      // An application's own source may throw.
      this.#load(source, context).catch((error) => this.#fail(failureOf(error))),
    )
  }

  async #load(source: RevocationSource, context: VerificationContext): Promise<void> {
    for (let withoutProgress = 0; withoutProgress < maxPagesWithoutProgress; ) {
      const before = this.view.position
      const isOver = await this.#loadPage(source, context)
      if (isOver) return
      if (this.view.position === before) withoutProgress += 1
      if (withoutProgress > 1) await this.#runtime.delay(pauseWithoutProgressMs)
    }
    this.#fail('The revocation feed makes no progress; see the log of its service.')
  }

  /** @returns whether the load is over, for any reason */
  async #loadPage(source: RevocationSource, context: VerificationContext): Promise<boolean> {
    this.#loading.begin(pageDeadlineMs)
    const askedAt = this.view.readClocks()
    const page = await source.pull(this.view.position, context, this.view.followed)
    const applied = page.ok ? this.view.apply(page.value, askedAt) : undefined
    if (!page.ok) this.#fail(page.error)
    else if (applied === 'complete') this.#succeed()
    else if (applied === 'full') this.#pauseWhileFull()
    else if (typeof applied === 'object') {
      this.#fail(`The revocation feed cannot be used: ${applied.problem}.`)
    }
    return applied !== 'partial'
  }

  #succeed(): void {
    this.follower.notePull(this.#loading.hasFailed())
    this.#loading.succeed()
    this.#loading.endPause()
    this.#problem = undefined
  }

  #fail(problem: string): void {
    this.#loading.fail()
    this.#report('revocation_feed_unavailable', problem)
  }

  /**
   * Keeps the sentence for refusals, and logs it. The same sentence in a row is logged at most once
   * in 5 s.
   */
  #report(event: string, problem: string): void {
    const nowMs = this.#runtime.elapsedMs()
    const sinceMs = nowMs - this.#reportedAtMs
    if (problem === this.#problem && sinceMs >= 0 && sinceMs < backOff.longestPauseMs) return
    this.#reportedAtMs = nowMs
    this.#problem = problem
    this.log(event, problem)
  }

  /** Writes one line to the log. */
  log(event: string, problem: string): void {
    console.error(JSON.stringify({ event, issuer: this.#issuer, problem }))
  }

  #pauseWhileFull(): void {
    this.#succeed()
    this.#loading.pauseFor(pauseWhenFullMs)
    this.#report(
      'revocation_view_full',
      `More than ${this.#idLimit} revocations are alive, so the service checks every token; lower ACCESS_TOKEN_LIFETIME_SECONDS to have fewer.`,
    )
  }
}
