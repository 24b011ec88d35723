// What only a wrong set-up makes the database say: a history that gets shorter, or two that take
// turns. Both would let a revoked token live on beyond the bound, so the log says it. No question is
// asked for it: the feed is read anyway, and so are checks.

import type { Runtime } from '../../../runtime/runtime.ts'
import type { FeedState } from '../../store/revocation-feed.ts'

type Place = Pick<FeedState, 'epoch' | 'head'>

const pauseMs = 60_000
/** A service has another epoch after a restored backup only. */
const maxFormerEpochs = 10
const replicaCure =
  'A replica answers: set DATABASE_REPLICAS=present. After a restored backup, run `portcullis migrate --restored` (docs/feed.md).'
const epochProblem =
  'The history of revocations is one that was left before. Two databases answer: give the issuer one (docs/storage.md).'

export class HistoryWatch {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  readonly #log: (line: string) => void
  readonly #formerEpochs = new Set<string>()
  #known: Place | undefined
  #saidAtMs = Number.NaN

  constructor(runtime: Pick<Runtime, 'elapsedMs'>, log: (line: string) => void) {
    this.#runtime = runtime
    this.#log = log
  }

  /** The longest history so far. Take it before a question: its answer knows as much. */
  get known(): Place | undefined {
    return this.#known
  }

  /** A place that this isolate was given for a revocation. */
  noteWritten(place: number): void {
    const { epoch, head = 0 } = this.#known ?? {}
    if (epoch !== undefined && place > head) this.#known = { epoch, head: place }
  }

  /** What was read, and what was known when it was asked for. */
  noteRead({ epoch, head }: Place, known: Place | undefined): void {
    const current = this.#known
    // It was asked for before the history changed: it may be of the one before.
    if (current?.epoch !== known?.epoch) return
    if (current?.epoch !== epoch) {
      if (this.#formerEpochs.has(epoch)) this.#say('history_left_before', epochProblem)
      if (current) this.#leave(current.epoch)
      this.#known = { epoch, head }
    } else if (known && head < known.head) {
      const problem = `The history of revocations ends at ${head}, and was at ${known.head}.`
      this.#say('history_behind', `${problem} ${replicaCure}`)
    } else if (head > current.head) this.#known = { epoch, head }
  }

  #leave(epoch: string): void {
    this.#formerEpochs.add(epoch)
    const [oldest] = this.#formerEpochs
    if (this.#formerEpochs.size > maxFormerEpochs && oldest) this.#formerEpochs.delete(oldest)
  }

  /** At most one line a minute. */
  #say(event: string, problem: string): void {
    const nowMs = this.#runtime.elapsedMs()
    const sinceMs = nowMs - this.#saidAtMs
    if (sinceMs >= 0 && sinceMs < pauseMs) return
    this.#saidAtMs = nowMs
    this.#log(JSON.stringify({ event, problem }))
  }
}
