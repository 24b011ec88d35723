// The only reader of clock and randomness. Everything else gets a Runtime, so that tests can
// advance the time by hand and nothing has to sleep. On Workers the clock moves only with I/O, and
// neither may be read at start-up.

/** Where time and randomness come from. */
export interface Runtime {
  /**
   * The wall clock: whole seconds since 1970-01-01T00:00:00Z, as in a JWT's NumericDate (RFC 7519
   * §2).
   */
  now(): number
  /** The wall clock in milliseconds: `now` is its whole seconds. */
  nowMs(): number
  /** A clock that only moves forward, in milliseconds; for durations. */
  elapsedMs(): number
  /** Resolves after so many milliseconds, or, of the platform's, at once when `signal` is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
  /** `length` bytes from the platform's cryptographically secure generator. */
  randomBytes(length: number): Uint8Array<ArrayBuffer>
}

/** Every function of a `Runtime`. */
export const runtimeFunctions: readonly (keyof Runtime)[] = [
  'now',
  'nowMs',
  'elapsedMs',
  'delay',
  'randomBytes',
]

/** How far the clocks were put ahead: by nothing but tests, and never back (decision 32). */
let aheadMs = 0

/** Puts the platform's clocks ahead, for all who have no other. For `portcullis/testing` alone. */
export function advanceSystemClocks(ms: number): void {
  aheadMs += ms
}

/** The platform's own clock and generator. */
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

/** The rule for a runtime that must have these functions, to complete the sentence "runtime …". */
export function runtimeRule(names: readonly (keyof Runtime)[]) {
  return (given: unknown): string | undefined => {
    const runtime = given as Partial<Runtime> | undefined | null
    const missing = names.filter((name) => typeof runtime?.[name] !== 'function')
    if (missing.length === 0) return undefined
    return `must have the functions ${names.join(', ')}, and lacks ${missing.join(', ')}`
  }
}
