// Many clients without an account that try to log in all the time.

import { setTimeout as delay } from 'node:timers/promises'

export interface Crowd {
  /** The number of clients. Each sends one login at a time. */
  readonly clients: number
  /** When a client closes its connection without waiting for the answer. Default: never. */
  readonly hangUpAfterMs?: number
  /** How long a client waits after each login. Default 0. */
  readonly pauseMs?: number
}

export interface RunningCrowd {
  /**
   * The number of logins so far by the status of the answer. `cut` counts those without an answer.
   */
  readonly statuses: Record<string, number>
  /** Sends no more logins, and waits for the end of the last one. */
  stop(): Promise<void>
}

/** Sends logins from all clients until `stop` is called. */
export function sendLogins(baseUrl: string, crowd: Crowd): RunningCrowd {
  const statuses: Record<string, number> = {}
  const end = new AbortController()
  const clients = Array.from({ length: crowd.clients }, async () => {
    while (!end.signal.aborted) {
      const status = await sendLogin(baseUrl, crowd.hangUpAfterMs)
      statuses[status] = (statuses[status] ?? 0) + 1
      await delay(crowd.pauseMs ?? 0)
    }
  })
  const stop = async () => {
    end.abort()
    await Promise.all(clients)
  }
  return { statuses, stop }
}

/** The status of one login without an account, or `cut`. */
export async function sendLogin(baseUrl: string, hangUpAfterMs?: number): Promise<string> {
  const signal = hangUpAfterMs === undefined ? null : AbortSignal.timeout(hangUpAfterMs)
  try {
    const answer = await fetch(`${baseUrl}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'nobody@example.com', password: 'a guess' }),
      signal,
    })
    await answer.arrayBuffer()
    return String(answer.status)
  } catch {
    return 'cut'
  }
}
