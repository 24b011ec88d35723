// A revocation that was stored in this isolate reaches its guards at once, ahead of the feed. The
// service announces it here, and the guards listen here, so that neither imports the other. A
// listener also belongs to a clock, because tests have clocks of their own.

import type { Runtime } from '../runtime/runtime.ts'

/** An id that is revoked, and until when it is remembered, in seconds since 1970. */
export interface IsolateRevocation {
  readonly id: string
  readonly expiresAt: number
}

type Listener = (revocation: IsolateRevocation) => void

const listeners = new WeakMap<Runtime, Map<string, Listener>>()

/**
 * Calls the listener with every revocation of the issuer in this isolate. Replaces the previous
 * listener.
 */
export function onRevocationInIsolate(issuer: string, runtime: Runtime, listener: Listener): void {
  const ofRuntime = listeners.get(runtime) ?? new Map<string, Listener>()
  listeners.set(runtime, ofRuntime.set(issuer, listener))
}

/** Tells the guards in this isolate of a revocation that was stored. No I/O. */
export function revokeInIsolate(
  issuer: string,
  runtime: Runtime,
  revocation: IsolateRevocation,
): void {
  listeners.get(runtime)?.get(issuer)?.(revocation)
}
