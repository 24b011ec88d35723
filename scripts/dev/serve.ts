// Starts the service, says when it is ready, and keeps it until the user or the service itself ends it.

import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import { isPortTaken } from '../ports.ts'
import { announce } from './announce.ts'
import { type ProcessGroup, startProcessGroup } from './process-group.ts'

export interface Served {
  /** What runs the service, as the user knows it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  /** What ends it: SIGKILL for a watcher that takes the end of the service for a reason to wait for the next change. */
  readonly stopSignal: 'SIGTERM' | 'SIGKILL'
  /** Values that must not reach the terminal, whatever the child prints. */
  readonly secrets: readonly string[]
}

const readyTimeoutMs = 60_000
const pollEveryMs = 100

/** Resolves when `stopping` is aborted and all is gone; a service that ends by itself is a failure. */
export async function serve(served: Served, stopping: AbortSignal): Promise<void> {
  await refuseTakenPort(served.port)
  const baseUrl = `http://127.0.0.1:${served.port}`
  let early = ''
  let isReady = false
  const show = (text: string) => {
    const safe = hide(text, served.secrets)
    if (isReady) process.stdout.write(safe)
    else early = (early + safe).slice(-3_000)
  }
  const group = startProcessGroup(served.command, served.args, served.env, show)
  try {
    const outcome = await untilReady(baseUrl, group, stopping)
    if (outcome === 'failed') {
      throw new Failure(`${served.name} did not start. Its last words:\n${early.trim()}`)
    }
    if (outcome === 'stopped') return
    isReady = true
    announce(baseUrl)
    await Promise.race([group.ended, aborted(stopping)])
    if (!stopping.aborted) throw new Failure(`${served.name} has ended by itself; start it again.`)
  } finally {
    await group.stop(served.stopSignal)
  }
}

/** Aborts with the first SIGINT, SIGTERM or SIGHUP, or when whoever started us is gone and cannot pass a signal on any more. */
export function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort())
  }
  const parent = process.ppid
  const watch = () => process.ppid !== parent && controller.abort()
  setInterval(watch, pollEveryMs).unref()
  return controller.signal
}

/** Before anything is started: a taken port is better said at once. */
export async function refuseTakenPort(port: number): Promise<void> {
  if (await isPortTaken(port)) {
    throw new Failure(`Port ${port} is in use: choose another one for the service with --port.`)
  }
}

async function untilReady(
  baseUrl: string,
  group: ProcessGroup,
  stopping: AbortSignal,
): Promise<'ready' | 'failed' | 'stopped'> {
  for (let waitedMs = 0; waitedMs < readyTimeoutMs; waitedMs += pollEveryMs) {
    if (stopping.aborted) return 'stopped'
    if (group.child.exitCode !== null || group.child.signalCode !== null) return 'failed'
    const signal = AbortSignal.timeout(2_000)
    const answer = await fetch(`${baseUrl}/ready`, { signal }).catch(() => undefined)
    if (answer?.ok) return 'ready'
    await delay(pollEveryMs)
  }
  return 'failed'
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, '(hidden)'), text)
}
