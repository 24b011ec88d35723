// Verifies the chain of seals: what was changed, deleted, inserted or re-ordered since it was sealed
// shows. Events that no seal covers cannot be verified. Whoever removes the last seals can change
// their events, and the next run seals them anew. Only a head that was kept elsewhere shows that.
// Without one, the time between events and their seal says how old such a change can be.

import { type AuditEvent, type AuditSeal, maxEventsPerSeal } from '../../store/audit-seals.ts'
import type { ChainPart } from './read-chain.ts'
import type { SealKey } from './seal-key.ts'
import { sealText } from './seal-text.ts'

/** What is wrong at a seal. */
export type ChainProblem =
  /** Fewer events are in its range than it covers. */
  | 'events_deleted'
  /** More events are in its range than it covers. */
  | 'events_inserted'
  /** The events, their order or the seal are other ones. */
  | 'events_changed'
  /** The events are those that were sealed. The seal was changed. */
  | 'seal_changed'
  /** Seals are missing before it. So neither their events nor its own can be verified. */
  | 'seal_missing'
  /** No chain has such a number there. */
  | 'seal_inserted'
  /** Its key is not at hand. */
  | 'key_unknown'
  /** No seal covers these events, although they are older than a day. */
  | 'events_unsealed'
  /** The chain ends before the given head. */
  | 'head_missing'
  /** The chain has another seal at the number of the given head. */
  | 'head_changed'

/** Where something is wrong. */
export interface ChainFinding {
  readonly problem: ChainProblem
  /** The number of the seal; of the next one for events without a seal. */
  readonly seal: number
  /** The events that it is about: from here, to `lastSeq`. Null for a missing head. */
  readonly firstSeq: number | null
  readonly lastSeq: number | null
}

/** A seal that stands for the chain up to it. */
export type ChainHead = Pick<AuditSeal, 'number' | 'mac'>

/** The result. The chain is intact when `problems` is 0. */
export interface ChainVerdict {
  /** How many seals there are. */
  readonly seals: number
  /** How many events are in their ranges. */
  readonly events: number
  /** How many events no seal covers. */
  readonly unsealed: number
  /** When the first of those happened, in seconds since 1970. */
  readonly unsealedSince: number | undefined
  /** How many seals name each key. */
  readonly keys: ReadonlyMap<string, number>
  /** The last seal, if there is one. */
  readonly head: ChainHead | undefined
  /** The longest time between an event and its seal. Undefined without a sealed event. */
  readonly longestWait: SealWait | undefined
  readonly problems: number
  /** The first 100 problems. */
  readonly findings: readonly ChainFinding[]
}

/** How long an event has waited for its seal. */
export interface SealWait {
  /** The number of the seal. */
  readonly seal: number
  readonly seconds: number
}

const maxFindings = 100
/** The cron seals every hour. An event that waits for longer wants an explanation. */
export const usualWaitSeconds = 86_400

/** A seal that was verified, as the next one needs it. */
interface Previous {
  readonly seal: AuditSeal
  /** The MAC that it should have, if that is known, and another one than it has. */
  readonly rightMac?: string | undefined
}

/** Takes the parts of a chain in their order, in constant memory. */
export class ChainVerifier {
  readonly #keys: ReadonlyMap<string, SealKey>
  readonly #expectedHead: ChainHead | undefined
  readonly #keyCounts = new Map<string, number>()
  readonly #findings: ChainFinding[] = []
  #previous: Previous | undefined
  #isHeadSeen = false
  #longestWait: SealWait | undefined
  #problems = 0
  #seals = 0
  #events = 0
  #unsealed = 0
  #firstUnsealed: AuditEvent | undefined
  #lastUnsealed: AuditEvent | undefined

  /** @param expectedHead a head that was kept, which must be in the chain */
  constructor(keys: readonly SealKey[], expectedHead?: ChainHead) {
    this.#keys = new Map(keys.map((key) => [key.id, key]))
    this.#expectedHead = expectedHead
  }

  /** How many seals were verified. */
  get seals(): number {
    return this.#seals
  }

  async add({ seal, events }: ChainPart): Promise<void> {
    if (!seal) {
      this.#unsealed += events.length
      this.#firstUnsealed ??= events[0]
      this.#lastUnsealed = events.at(-1)
      return
    }
    this.#seals += 1
    this.#events += events.length
    this.#keyCounts.set(seal.keyId, (this.#keyCounts.get(seal.keyId) ?? 0) + 1)
    this.#compareWithHead(seal)
    this.#measureWait(seal, events)
    const expected = (this.#previous?.seal.number ?? 0) + 1
    if (seal.number < expected) return this.#noteSeal('seal_inserted', seal)
    if (seal.number > expected) this.#noteSeal('seal_missing', seal)
    const rightMac = seal.number === expected ? await this.#verify(seal, events) : undefined
    this.#previous = { seal, rightMac }
  }

  /**
   * The result, after the last part.
   *
   * @param now when the parts were read, in seconds since 1970. Then it is a problem if an event has
   * had no seal for a day. Default: unknown, as for an export. Then this is not judged
   */
  finish(now?: number): ChainVerdict {
    if (now !== undefined) this.#findUnsealed(now)
    const head = this.#expectedHead
    if (head && !this.#isHeadSeen) {
      this.#note({ problem: 'head_missing', seal: head.number, firstSeq: null, lastSeq: null })
    }
    const last = this.#previous?.seal
    return {
      seals: this.#seals,
      events: this.#events,
      unsealed: this.#unsealed,
      unsealedSince: this.#firstUnsealed?.at,
      keys: this.#keyCounts,
      head: last && { number: last.number, mac: last.mac },
      longestWait: this.#longestWait,
      problems: this.#problems,
      findings: this.#findings,
    }
  }

  /** @returns the MAC that the seal should have, if it has another one */
  async #verify(seal: AuditSeal, events: readonly AuditEvent[]): Promise<string | undefined> {
    const key = this.#keys.get(seal.keyId)
    if (!key) {
      this.#noteSeal('key_unknown', seal)
      return undefined
    }
    const { mac: previousMac = '' } = this.#previous?.seal ?? {}
    const mac = await key.macOf(sealText(seal, previousMac, events))
    if (mac === seal.mac) return undefined
    if (await this.#isIntactAfterChangedSeal(key, seal, events)) return undefined
    this.#noteSeal(await this.#explain(key, seal, events), seal)
    return mac
  }

  /**
   * Whether the seal would be right if the MAC of the seal before it were. Then that MAC alone was
   * changed.
   */
  async #isIntactAfterChangedSeal(
    key: SealKey,
    seal: AuditSeal,
    events: readonly AuditEvent[],
  ): Promise<boolean> {
    const { rightMac, seal: before } = this.#previous ?? {}
    if (rightMac === undefined) return false
    if ((await key.macOf(sealText(seal, rightMac, events))) !== seal.mac) return false
    const at = this.#findings.findLastIndex((finding) => finding.seal === before?.number)
    const finding = this.#findings[at]
    if (finding) this.#findings[at] = { ...finding, problem: 'seal_changed' }
    return true
  }

  /** Why a seal is wrong, as far as it shows. */
  async #explain(
    key: SealKey,
    seal: AuditSeal,
    events: readonly AuditEvent[],
  ): Promise<ChainProblem> {
    const { mac: previousMac = '', lastSeq = 0 } = this.#previous?.seal ?? {}
    const asSealed = { ...seal, firstSeq: lastSeq + 1, events: events.length }
    const mac = await key.macOf(sealText(asSealed, previousMac, events))
    if (mac === seal.mac) return 'seal_changed'
    if (events.length < seal.events) return 'events_deleted'
    return events.length > Math.min(seal.events, maxEventsPerSeal)
      ? 'events_inserted'
      : 'events_changed'
  }

  #measureWait({ number, sealedAt }: AuditSeal, events: readonly AuditEvent[]): void {
    for (const { at } of events) {
      const seconds = sealedAt - at
      if (seconds > (this.#longestWait?.seconds ?? -1))
        this.#longestWait = { seal: number, seconds }
    }
  }

  /** The cron does not run, or something keeps it from sealing. */
  #findUnsealed(now: number): void {
    const [first, last] = [this.#firstUnsealed, this.#lastUnsealed]
    if (!first || !last || now - first.at <= usualWaitSeconds) return
    const seal = (this.#previous?.seal.number ?? 0) + 1
    this.#note({ problem: 'events_unsealed', seal, firstSeq: first.seq, lastSeq: last.seq })
  }

  #compareWithHead(seal: AuditSeal): void {
    if (seal.number !== this.#expectedHead?.number) return
    this.#isHeadSeen = true
    if (seal.mac !== this.#expectedHead.mac) this.#noteSeal('head_changed', seal)
  }

  /** The range begins behind the seal before it, whatever the seal says. */
  #noteSeal(problem: ChainProblem, { number, lastSeq }: AuditSeal): void {
    const firstSeq = (this.#previous?.seal.lastSeq ?? 0) + 1
    this.#note({ problem, seal: number, firstSeq, lastSeq })
  }

  #note(finding: ChainFinding): void {
    this.#problems += 1
    if (this.#findings.length < maxFindings) this.#findings.push(finding)
  }
}
