// Clients that log in all the time, and what they are answered.

import { setTimeout as delay } from 'node:timers/promises'
import type { AddressedLogin } from './limited-servers.ts'

/** Who logs in. Each client sends one login at a time. */
export interface StormClient {
  /** With the right password, or with wrong ones. */
  readonly who: 'owner' | 'stranger'
  readonly email: string
  readonly clients: number
  readonly pauseMs: number
  /** The next login. */
  next(): AddressedLogin
}

/** A storm that goes on until `stop`. */
export interface Storm {
  /** The number of answers so far. */
  answers(): number
  /** How many of the answers from `since` on were this: `owner 200`, or `stranger 404`. */
  heard(words: string, since?: number): number
  /** The answers that came, each once. */
  kinds(): string[]
  /** How many wrong passwords for an account were answered as wrong, and so were checked. */
  checked(email: string): number
  /** Sends no more logins, and waits for the last answers. */
  stop(): Promise<void>
}

/** How long a client waits after a 503. */
const patienceMs = 20

/** Begins a storm. `logIn` gives the status of the answer. */
export function startStorm(
  crowd: readonly StormClient[],
  logIn: (login: AddressedLogin) => Promise<number>,
): Storm {
  const said: { words: string; email: string }[] = []
  const end = new AbortController()

  async function keepLoggingIn({ who, email, pauseMs, next }: StormClient): Promise<void> {
    while (!end.signal.aborted) {
      const status = await logIn(next())
      said.push({ words: `${who} ${status}`, email })
      await delay(status === 503 ? patienceMs : pauseMs)
    }
  }
  const running = crowd.flatMap((one) =>
    Array.from({ length: one.clients }, () => keepLoggingIn(one)),
  )
  return {
    answers: () => said.length,
    heard: (words, since = 0) => said.slice(since).filter((one) => one.words === words).length,
    kinds: () => [...new Set(said.map(({ words }) => words))].sort(),
    checked: (email) =>
      said.filter((one) => one.email === email && one.words === 'stranger 404').length,
    async stop() {
      end.abort()
      await Promise.all(running)
    },
  }
}
