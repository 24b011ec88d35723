// Seals what no seal covers yet. The hourly housekeeping does it, and logs the head. So a change of a
// row from before shows, if the logged head is kept elsewhere.

import {
  type AuditSeal,
  findUnsealedEvents,
  insertSeal,
  maxEventsPerSeal,
  type UnsealedEvents,
} from '../../store/audit-seals.ts'
import type { Database } from '../../store/database.ts'
import type { SealKey } from './seal-key.ts'
import { sealText } from './seal-text.ts'
import type { ChainHead } from './verify-chain.ts'

/**
 * 90,000 events. The next run seals the rest. Together with what else housekeeping does, no run
 * meets the limit of 1,000 queries of some platforms.
 */
const maxSealsPerRun = 90

/** What a run has sealed. */
export interface SealedEvents {
  readonly sealed: number
  /** The last seal; undefined if there is none. */
  readonly head: ChainHead | undefined
}

/**
 * Seals the events that no seal covers: 90,000 at most, 1,000 with each round trip, and one round
 * trip more. Each seal begins where the one before it ends. Harmless if it runs twice at once, or is
 * cut off.
 *
 * @returns how many events this call has sealed, and the head
 */
export async function sealEvents(database: Database, key: SealKey): Promise<SealedEvents> {
  let sealed = 0
  let unsealed: UnsealedEvents | undefined = await findUnsealedEvents(database)
  let last = unsealed.last
  for (let seals = 0; seals < maxSealsPerRun && unsealed?.events.length; seals += 1) {
    const seal = await createSeal(key, unsealed)
    unsealed = await insertSeal(database, seal, last?.mac)
    // Another run has inserted the seal with this number, and goes on. Or the backup was restored.
    if (!unsealed) break
    sealed += seal.events
    last = seal
    if (seal.events < maxEventsPerSeal) break
  }
  return { sealed, head: last && { number: last.number, mac: last.mac } }
}

/** The seal of the events. There must be some. */
async function createSeal(key: SealKey, { last, events, now }: UnsealedEvents): Promise<AuditSeal> {
  const firstSeq = (last?.lastSeq ?? 0) + 1
  const seal = {
    number: (last?.number ?? 0) + 1,
    firstSeq,
    lastSeq: events.at(-1)?.seq ?? firstSeq,
    events: events.length,
    keyId: key.id,
    sealedAt: now,
  }
  return { ...seal, mac: await key.macOf(sealText(seal, last?.mac ?? '', events)) }
}
