// Decides whether a good token may pass. It uses the known revocations, and how old that knowledge
// is. The option `maxStalenessSeconds` sets the bound. A token that passes from memory was not
// revoked at some moment less than the bound ago, by the clock here. So a request that begins at
// commit + bound, or later, is refused, or answered 503.

import { type GateReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { sharedForMs } from '../../token/feed-format.ts'
import type { VerificationContext } from '../../token/key-set.ts'
import type { CheckedToken, RevocationSource } from '../../token/revocation-source.ts'
import { keepAlive } from '../remote/keep-alive.ts'
import { failureOf, type RevocationLoader } from './loader.ts'
import type { Bounds, RevocationPolicy } from './policy.ts'
import { type IdWords, wordsOf } from './revoked-ids.ts'
import { clockProblem } from './view.ts'

/** The ids that revoke a token, as text and as the view has them. */
export interface RevocableToken {
  readonly ids: readonly string[]
  readonly words: IdWords
}

/** A guard asks the gate after a token's signature and claims have passed. */
export interface RevocationGate {
  /**
   * Whether the token is known to be live, without waiting. No I/O now, though a refresh may begin
   * in the background. If false, ask `admit`.
   */
  isKnownLive(token: RevocableToken, context: VerificationContext): boolean
  /**
   * Lets the token pass, or gives the reason why not. Asks the source if necessary. Never throws.
   */
  admit(token: RevocableToken, context: VerificationContext): Promise<Result<undefined, GateReason>>
  /** Why the source last failed to answer: a sentence for the operator of the guard. */
  problem(): string | undefined
}

/** The parts that a gate uses. */
export interface GateParts {
  readonly loader: RevocationLoader
  /** The source, created with the first request and kept. Its functions reject, and never throw. */
  readonly sourceOf: (context: VerificationContext) => RevocationSource
}

/** An answer may be a second old, and must not make the next request ask again. */
const leastRefreshAtMs = 2 * sharedForMs
/** Hono takes some time to say that there is no `waitUntil`. */
const pauseWithoutWaitUntilMs = 250

/** The ids of a token, prepared for the view. */
export function revocableToken(ids: readonly string[]): RevocableToken {
  return { ids, words: wordsOf(ids) }
}

/** The gate of a policy. */
export function createGate(policy: RevocationPolicy, parts: GateParts): RevocationGate {
  if (policy === 'none') return openGate
  return policy === 'strict' ? new StrictGate(parts) : new BoundedGate(parts, policy)
}

const openGate: RevocationGate = {
  isKnownLive: () => true,
  admit: async () => succeed(undefined),
  problem: () => undefined,
}

class StrictGate implements RevocationGate {
  readonly #parts: GateParts

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  isKnownLive(_token: RevocableToken, _context: VerificationContext): boolean {
    return false
  }

  /**
   * Refuses ids that are known to be revoked, however old the view is. Otherwise it asks: one round
   * trip.
   */
  async admit(
    token: RevocableToken,
    context: VerificationContext,
  ): Promise<Result<undefined, GateReason>> {
    const { view } = this.#parts.loader
    return view.isRevoked(token.words)
      ? refuse('token_revoked')
      : checkExactly(this.#parts, token, context)
  }

  problem(): string | undefined {
    return this.#parts.loader.problem
  }
}

class BoundedGate implements RevocationGate {
  readonly #parts: GateParts
  readonly #loader: RevocationLoader
  readonly #maxStalenessMs: number
  readonly #acceptStaleMs: number
  readonly #follows: boolean | undefined
  /** When a request had no `waitUntil`. */
  #lackedAtMs = Number.NaN

  constructor(parts: GateParts, policy: Bounds) {
    this.#parts = parts
    this.#loader = parts.loader
    this.#maxStalenessMs = policy.maxStalenessSeconds * 1_000
    this.#acceptStaleMs = policy.acceptStaleSeconds * 1_000
    this.#follows = policy.follow
  }

  isKnownLive({ words }: RevocableToken, context: VerificationContext): boolean {
    const { view, follower } = this.#loader
    const ageMs = view.ageMs()
    if (ageMs >= this.#maxStalenessMs) return false
    if (this.#follows !== false && follower.mayBegin()) this.#follow(context)
    if (ageMs >= this.#refreshAtMs()) this.#refresh(context)
    return !view.isRevoked(words)
  }

  async admit(
    token: RevocableToken,
    context: VerificationContext,
  ): Promise<Result<undefined, GateReason>> {
    if (this.isKnownLive(token, context)) return succeed(undefined)
    const { view } = this.#loader
    if (view.isRevoked(token.words)) return refuse('token_revoked')
    return view.isLoaded() ? this.#renew(token, context) : this.#checkWhileLoading(token, context)
  }

  problem(): string | undefined {
    return this.#loader.problem
  }

  /** The age at which a refresh begins. More pulls replace a stream that is held back. */
  #refreshAtMs(): number {
    return this.#follows !== false && this.#loader.follower.isHeldBack
      ? Math.max(this.#maxStalenessMs / 5, leastRefreshAtMs)
      : this.#maxStalenessMs / 2
  }

  #follow(context: VerificationContext): void {
    const { follower, view } = this.#loader
    const { elapsedMs } = view.readClocks()
    const sinceMs = elapsedMs - this.#lackedAtMs
    if (sinceMs >= 0 && sinceMs < pauseWithoutWaitUntilMs) return
    const { waitUntil } = context
    if (this.#follows ?? waitUntil) {
      follower.begin(this.#maxStalenessMs, this.#parts.sourceOf(context), context)
    } else if (waitUntil === null) this.#lackedAtMs = elapsedMs
  }

  #refresh(context: VerificationContext): void {
    this.#loader.refresh(this.#parts.sourceOf(context), context)
  }

  /** Pulls the feed first: one round trip. The result also serves later requests. */
  async #renew(
    token: RevocableToken,
    context: VerificationContext,
  ): Promise<Result<undefined, GateReason>> {
    const isFresh = () => this.#loader.view.ageMs() < this.#maxStalenessMs
    await this.#loader.renew(isFresh, this.#parts.sourceOf(context), context)
    return this.#decide(token, this.#maxStalenessMs + this.#acceptStaleMs)
  }

  /**
   * An isolate that has loaded nothing yet asks about this one token, and loads the feed in the
   * background. An isolate that cannot hold all ids does so for every token.
   */
  async #checkWhileLoading(
    token: RevocableToken,
    context: VerificationContext,
  ): Promise<Result<undefined, GateReason>> {
    this.#refresh(context)
    if (this.#loader.checks.isPaused()) return refuse('revocations_unavailable')
    const checked = await checkExactly(this.#parts, token, context)
    if (checked.ok || checked.error === 'token_revoked') return checked
    return this.#decide(token, this.#maxStalenessMs)
  }

  #decide({ words }: RevocableToken, maxAgeMs: number): Result<undefined, GateReason> {
    const { view } = this.#loader
    if (view.isRevoked(words)) return refuse('token_revoked')
    return view.ageMs() < maxAgeMs ? succeed(undefined) : refuse('revocations_unavailable')
  }
}

/**
 * Asks the source about this one token. After the deadline the answer serves other requests only.
 */
async function checkExactly(
  { loader, sourceOf }: GateParts,
  { ids }: RevocableToken,
  context: VerificationContext,
): Promise<Result<undefined, GateReason>> {
  let outcome: Result<undefined, GateReason> = refuse('revocations_unavailable')
  const check = () =>
    keepAlive(context, false, async () => {
      outcome = await checkAndLearn(loader, ids, () => sourceOf(context).check(ids, context))
    })
  await loader.checks.within(check, undefined, context.deadlineMs)
  return outcome
}

/** Reports success or failure to the loader, and the revoked ids to the view. */
async function checkAndLearn(
  loader: RevocationLoader,
  ids: readonly string[],
  ask: () => Promise<Result<CheckedToken, string>>,
): Promise<Result<undefined, GateReason>> {
  const { view } = loader
  const askedAtMs = view.readClocks().wallMs
  const checked = await askOwn(ask)
  const problem = checked.ok
    ? clockProblem(checked.value.nowMs, askedAtMs, view.readClocks().wallMs)
    : checked.error
  if (problem !== undefined) loader.failCheck(problem)
  else loader.succeedCheck()
  if (checked.ok && checked.value.isRevoked) {
    // Otherwise a view that is loaded from an older page would let the token in again.
    view.learn(revokedOf(ids, checked.value), checked.value.nowMs)
    return refuse('token_revoked')
  }
  return problem === undefined ? succeed(undefined) : refuse('revocations_unavailable')
}

/**
 * The ids of a token that a check found revoked. If the source does not name them, the token's own
 * id.
 */
function revokedOf(ids: readonly string[], { revoked }: CheckedToken): readonly string[] {
  const told = ids.filter((id) => [revoked].flat().includes(id))
  return told.length > 0 ? told : ids.slice(0, 1)
}

/**
 * An application's own source may throw, or answer in another form. Then the token is not let in.
 */
async function askOwn(
  ask: () => Promise<Result<CheckedToken, string>>,
): Promise<Result<CheckedToken, string>> {
  try {
    const checked = await ask()
    if (checked.ok ? typeof checked.value.isRevoked === 'boolean' : checked.error) return checked
    return refuse(failureOf(new Error('it must answer { ok, value } or { ok, error }')))
  } catch (error) {
    return refuse(failureOf(error))
  }
}
