// Events of the audit in a database, and its seals, as the service makes them.

import { sealEvents } from '../../src/service/domain/audit/seal-events.ts'
import { deriveSealKey, type SealKey } from '../../src/service/domain/audit/seal-key.ts'
import type { Database } from '../../src/service/store/database.ts'
import { openRemoteDatabase } from '../../src/service/store/remote-database.ts'
import type { ServedDatabase, TestDatabase } from './database.ts'

export const sealSecret = 'the secret of sealed audits: 0123456789'

/** The key that seals with the secret of these tests. */
export function testSealKey(): Promise<SealKey> {
  return deriveSealKey(sealSecret)
}

/**
 * Inserts so many events, each different, of the accounts 1 to 7, a second apart.
 *
 * @param startAt the time before the first. Default: half an hour ago
 */
export async function insertEvents(
  { query }: TestDatabase,
  count: number,
  startAt = 0,
): Promise<void> {
  await query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
      INSERT INTO portcullis_audit_events
        (at, event, outcome, actor, user_id, session_id, request_id, attempt_seq, target)
      SELECT iif(?2 > 0, ?2, unixepoch() - 1800) + i, 'login', iif(i % 2, 'attempted', 'success'), 'user', 1 + i % 7,
        printf('%016d', i), printf('request-%d', i), iif(i % 2, NULL, i), iif(i % 3, NULL, 'x')
      FROM n WHERE ?1 > 0`,
    count,
    startAt,
  )
}

/** The database as the service opens it. */
export function databaseAt({ url }: Pick<ServedDatabase, 'url'>): Database {
  return openRemoteDatabase({ url })
}

/** Seals as the hourly housekeeping does. */
export async function seal(database: ServedDatabase, secret = sealSecret): Promise<number> {
  const { sealed } = await sealEvents(databaseAt(database), await deriveSealKey(secret))
  return sealed
}

/** Deletes everything, and the triggers that forbid it, as whoever has the database could. */
export async function emptyAudit({ query }: TestDatabase): Promise<void> {
  await query('DROP TRIGGER IF EXISTS portcullis_audit_events_never_updated')
  await query('DROP TRIGGER IF EXISTS portcullis_audit_events_never_deleted')
  await query('DELETE FROM portcullis_audit_events')
  await query('DELETE FROM portcullis_audit_seals')
  await query("DELETE FROM sqlite_sequence WHERE name = 'portcullis_audit_events'")
}
