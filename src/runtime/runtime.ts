// Only this file reads the clock and the random generator. All other code gets a Runtime, so that
// tests can advance the time and need no sleep. On Workers the clock moves only with I/O. There,
// clock and generator must not be read at start-up.

/** The source of time and randomness. */
export interface Runtime {
  /**
   * The wall clock, in whole seconds since 1970-01-01T00:00:00Z, like the NumericDate of a JWT (RFC
   * 7519 §2).
   */
  now(): number
  /** The wall clock in milliseconds. `now` gives its whole seconds. */
  nowMs(): number
  /**
   * A clock for durations, in milliseconds. On Workers it is the wall clock, which may be set back.
   * Elsewhere it only moves forward.
   */
  elapsedMs(): number
  /**
   * Resolves after `ms` milliseconds. The platform's own runtime resolves at once when `signal` is
   * aborted.
   */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /** `length` bytes from the platform's cryptographically secure generator. */
  randomBytes(length: number): Uint8Array<ArrayBuffer>
}

/** How far the clocks were advanced. Only tests advance them, and never back (decision 32). */
let aheadMs = 0

/**
 * Advances the platform's clocks, for all code without its own runtime. Only for
 * `portcullis/testing`.
 */
export function advanceSystemClocks(ms: number): void {
  aheadMs += ms
}

/** The platform's clocks and random generator. */
export const systemRuntime: Runtime = {
  now: () => Math.floor(systemRuntime.nowMs() / 1000),
  nowMs: () => Date.now() + aheadMs,
  elapsedMs: () => performance.now() + aheadMs,
  delay: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => resolve(clearTimeout(timer)))
    }),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

/** The names of every function of a `Runtime`. */
export const runtimeFunctions = Object.keys(systemRuntime) as (keyof Runtime)[]

/** The rule for a runtime that must have these functions, to complete the sentence "runtime …". */
export function runtimeRule(names: readonly (keyof Runtime)[]) {
  return (given: unknown): string | undefined => {
    const runtime = given as Partial<Runtime> | undefined | null
    const missing = names.filter((name) => typeof runtime?.[name] !== 'function')
    if (missing.length === 0) return undefined
    return `must have the functions ${names.join(', ')}, and lacks ${missing.join(', ')}`
  }
}
