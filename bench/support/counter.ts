// A proxy between guards and the service that counts the questions.

import { startForwarder } from './forwarder.ts'

/** A round trip for the news of the feed, for its snapshot, for one token, or for the keys. */
export type Question = 'since' | 'snapshot' | 'check' | 'keys'
export type Questions = Readonly<Record<Question, number>>

export interface Counter {
  readonly url: string
  /** The questions since the last call. */
  take(): Questions
  stop(): Promise<void>
}

const none: Questions = { since: 0, snapshot: 0, check: 0, keys: 0 }

/** A counter before the service at `target`. */
export async function startCounter(target: string): Promise<Counter> {
  let questions = none
  const forwarder = await startForwarder(target, ({ url }) => {
    const question = questionOf(url ?? '')
    questions = { ...questions, [question]: questions[question] + 1 }
  })
  return {
    ...forwarder,
    take() {
      const taken = questions
      questions = none
      return taken
    },
  }
}

export function addQuestions(one: Questions, other: Questions): Questions {
  return {
    since: one.since + other.since,
    snapshot: one.snapshot + other.snapshot,
    check: one.check + other.check,
    keys: one.keys + other.keys,
  }
}

/** @throws Error for a question that no guard has */
function questionOf(path: string): Question {
  const [, kind] = /^\/auth\/feed\/(since|snapshot|check)\b/.exec(path) ?? []
  if (kind) return kind as Question
  if (path === '/.well-known/jwks.json') return 'keys'
  throw new Error(`A guard asks for ${path}`)
}
