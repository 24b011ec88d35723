// Time that passes only when a test advances it. Everything that waits runs in its order.

import type { Runtime } from '../../src/runtime/runtime.ts'

interface Timer {
  readonly atMs: number
  readonly fire: () => void
}

/** True time in milliseconds from 0, and a machine's clocks, which may differ from it. */
export class VirtualTime {
  nowMs = 0
  /** How far the machine's wall clock is ahead of true time. */
  wallAheadMs = 0
  #timers: Timer[] = []

  /** The machine's clocks. */
  readonly runtime: Runtime = {
    now: () => Math.floor(this.runtime.nowMs() / 1_000),
    nowMs: () => this.nowMs + this.wallAheadMs,
    elapsedMs: () => this.nowMs,
    delay: (ms) => this.delay(ms),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  }

  delay(ms: number): Promise<void> {
    return new Promise((fire) => this.#timers.push({ atMs: this.nowMs + ms, fire }))
  }

  /** As `AbortSignal.timeout`, by this time. */
  timeout(ms: number): AbortSignal {
    const controller = new AbortController()
    const fire = () => controller.abort(new DOMException('', 'TimeoutError'))
    this.#timers.push({ atMs: this.nowMs + ms, fire })
    return controller.signal
  }

  /** Lets this time pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      await everythingReady()
      const next = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .reduce<Timer | undefined>(
          (one, other) => (one && one.atMs <= other.atMs ? one : other),
          undefined,
        )
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.fire()
    }
    this.nowMs = Math.max(this.nowMs, endMs)
  }
}

/** Resolves when everything that waits only for promises has continued. */
function everythingReady(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
