// Reads the whole audit from the database in parts, in constant memory. Each part is a seal with
// what is in its range now, or events that no seal covers.

import {
  type AuditEvent,
  type AuditSeal,
  listEventsBetween,
  listSeals,
  maxEventsPerSeal,
  maxSealsPerPage,
} from '../../store/audit-seals.ts'
import type { Database } from '../../store/database.ts'

/** A seal and the events of its range; without a seal, events that none covers. */
export interface ChainPart {
  readonly seal?: AuditSeal
  /** At most 1,001: one more than a seal covers is enough to know. */
  readonly events: readonly AuditEvent[]
}

/**
 * The parts of the audit, in their order. A seal's range begins behind the seal before it. So every
 * row is in exactly one part, also one where no row may be. One round trip for each part, and one
 * for 100 seals. Always ends, whatever the rows say.
 *
 * @throws DatabaseUnavailable
 */
export async function* readChain(database: Database): AsyncGenerator<ChainPart> {
  let after: number | undefined
  for await (const seal of readSeals(database)) {
    // The first seal has the number 1. Whatever comes before it covers nothing.
    if (seal.number < 1) {
      yield { seal, events: [] }
      continue
    }
    yield { seal, events: await listEventsBetween(database, after, seal.lastSeq) }
    after = Math.max(after ?? seal.lastSeq, seal.lastSeq)
  }
  yield* readUnsealed(database, after)
}

async function* readSeals(database: Database): AsyncGenerator<AuditSeal> {
  let after: number | undefined
  while (true) {
    const page = await listSeals(database, after)
    yield* page
    const last = page.at(-1)?.number
    if (page.length < maxSealsPerPage || !isGreater(last, after)) return
    after = last
  }
}

async function* readUnsealed(
  database: Database,
  from: number | undefined,
): AsyncGenerator<ChainPart> {
  let after = from
  while (true) {
    const events = await listEventsBetween(database, after)
    if (events.length > 0) yield { events }
    const last = events.at(-1)?.seq
    if (events.length <= maxEventsPerSeal || !isGreater(last, after)) return
    after = last
  }
}

/** Numbers outside of the safe range are all read as its ends. Pages would never end there. */
function isGreater(last: number | undefined, after: number | undefined): boolean {
  return last !== undefined && (after === undefined || last > after)
}
