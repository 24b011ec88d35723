// Finds database answers that only a wrong setup can cause: a history that gets shorter, or two
// histories that alternate. Both would let a revoked token live beyond the bound, so the log says
// it. This needs no query of its own: the feed and the checks are read anyway.

import type { Runtime } from '../../../runtime/runtime.ts'
import type { FeedState } from '../../store/revocation-feed.ts'

type Place = Pick<FeedState, 'epoch' | 'head'>

const pauseMs = 60_000
/** The epoch of a service changes only after a restored backup. */
const maxFormerEpochs = 10
const replicaCure =
  'If the database has replicas, set DATABASE_REPLICAS=present. After a restored backup, run `portcullis migrate --restored` (docs/operate/backup-and-restore.md).'
const epochProblem =
  'The history of revocations is back at an earlier epoch. Two databases answer: use only one for the issuer (docs/explain/bound.md).'

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

  /** The longest history so far. Take it before a query: the answer must be at least as long. */
  get known(): Place | undefined {
    return this.#known
  }

  /** Notes the place in the history that a revocation of this isolate got. */
  noteWritten(place: number): void {
    const { epoch, head = 0 } = this.#known ?? {}
    if (epoch !== undefined && place > head) this.#known = { epoch, head: place }
  }

  /** Notes what was read, and what was known when the read began. */
  noteRead({ epoch, head }: Place, known: Place | undefined): void {
    const current = this.#known
    // The read began before the history changed, so its answer may be of the earlier one.
    if (current?.epoch !== known?.epoch) return
    if (current?.epoch !== epoch) {
      if (this.#formerEpochs.has(epoch)) this.#say('history_left_before', epochProblem)
      if (current) this.#leave(current.epoch)
      this.#known = { epoch, head }
    } else if (known && head < known.head) {
      const problem = `The history of revocations ends at ${head}, and ended at ${known.head} before.`
      this.#say('history_behind', `${problem} ${replicaCure}`)
    } else if (head > current.head) this.#known = { epoch, head }
  }

  #leave(epoch: string): void {
    this.#formerEpochs.add(epoch)
    const [oldest] = this.#formerEpochs
    if (this.#formerEpochs.size > maxFormerEpochs && oldest) this.#formerEpochs.delete(oldest)
  }

  /** Writes at most one line a minute. */
  #say(event: string, problem: string): void {
    const nowMs = this.#runtime.elapsedMs()
    const sinceMs = nowMs - this.#saidAtMs
    if (sinceMs >= 0 && sinceMs < pauseMs) return
    this.#saidAtMs = nowMs
    this.#log(JSON.stringify({ event, problem }))
  }
}
