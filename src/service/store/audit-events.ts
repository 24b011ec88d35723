// The events of the audit. An event is written in the batch that does what it records, by the
// statements right after the one that decides. They insert exactly one row if that statement has
// changed something. So later statements that ask `changes()` still get the same answer.

import { and, desc, eq, exists, gt, inArray, type SQL, sql } from 'drizzle-orm'
import type { Reason } from '../../errors/reasons.ts'
import { build, type Database, databaseNow } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { auditDetails, auditEvents, sessions, users } from './schema.ts'

/**
 * What came of it. `attempted`: a password was given, and is being checked. If it is right, a
 * success follows that names the attempt. `mail_given_up`: a mail could not be sent.
 * `deletion_cancelled`: the account is not deleted, because its owner is back.
 */
export type AuditOutcome = 'success' | 'attempted' | 'mail_given_up' | 'deletion_cancelled' | Reason

/** What happens, and who does it, as the caller of the store knows it. */
export interface AuditEntry {
  /** The name of the route, or of the command. */
  readonly event: string
  readonly actor: 'user' | 'administrator' | 'service'
  /** Of the request that did it. */
  readonly requestId?: string | undefined
  /** Default: no personal details are kept. */
  readonly details?: PersonalDetails | undefined
}

/** Where a request came from. It is deleted after some time. */
interface PersonalDetails {
  readonly address: string | undefined
  /** A few words about the user agent. */
  readonly device: string | undefined
  readonly keptDays: number
}

/** What only the store knows of an event. SQL may refer to the row that `of` selects. */
interface RecordedFact {
  readonly outcome: AuditOutcome | SQL<string>
  readonly userId?: number | SQL | undefined
  readonly sessionId?: string | SQL | undefined
  /** The `seq` of the attempt whose password was right. */
  readonly attemptSeq?: number | undefined
  /** What it was done to, if that is not the account or the session itself. Never personal. */
  readonly target?: string | SQL | undefined
  /** The row that the columns are read from. It must be one. Default: none is read. */
  readonly of?: { readonly table: SQL; readonly where: SQL | undefined }
  /** When it is written. Default: if the statement before has changed something. */
  readonly condition?: SQL
}

const daySeconds = 86_400
const hourSeconds = 3_600
/** Older events of an account are not looked at. */
const newestEvents = 50

/** The condition that the statement before has changed something. */
const hasChanged = sql`changes() > 0`

/**
 * The statements that write an event, under this name: right after the statement that decides. The
 * answer of the first one has the `seq` of the event. The second one, for the personal details, is
 * there only if they are kept.
 */
export function auditStatements<const Name extends string>(
  name: Name,
  entry: AuditEntry,
  fact: RecordedFact,
): Readonly<Record<Name, ReturnType<typeof insertEventStatement>>> {
  const { details } = entry
  const statements = {
    [name]: insertEventStatement(entry, fact),
    ...(details && { [`${name}Details`]: insertDetailsStatement(details) }),
  }
  return statements as ReturnType<typeof auditStatements<Name>>
}

/** The columns of each event that several accounts get at once, for an insert that selects. */
export function eventColumns(entry: AuditEntry, fact: Omit<RecordedFact, 'of' | 'condition'>) {
  const { outcome, userId, sessionId, attemptSeq, target } = fact
  return {
    seq: sql<number>`NULL`.as('seq'),
    at: databaseNow.as('at'),
    event: sql<string>`${entry.event}`.as('event'),
    outcome: sql<string>`${outcome}`.as('outcome'),
    actor: sql<string>`${entry.actor}`.as('actor'),
    userId: sql<number | null>`${userId ?? null}`.as('user_id'),
    sessionId: sql<string | null>`${sessionId ?? null}`.as('session_id'),
    requestId: sql<string | null>`${entry.requestId ?? null}`.as('request_id'),
    attemptSeq: sql<number | null>`${attemptSeq ?? null}`.as('attempt_seq'),
    target: sql<string | null>`${target ?? null}`.as('target'),
  }
}

function insertEventStatement(entry: AuditEntry, { of, condition, ...fact }: RecordedFact) {
  return build
    .insert(auditEvents)
    .select(
      build
        .select(eventColumns(entry, fact))
        .from(of?.table ?? sql`(SELECT 1)`)
        .where(and(condition ?? hasChanged, of?.where)),
    )
    .returning({ seq: auditEvents.seq })
}

/** For the event that the statement before has inserted. The `seq` of an event is its rowid. */
function insertDetailsStatement({ address, device, keptDays }: PersonalDetails) {
  return build.insert(auditDetails).select(
    build
      .select({
        seq: sql<number>`last_insert_rowid()`.as('seq'),
        address: sql<string | null>`${address ?? null}`.as('address'),
        device: sql<string | null>`${device ?? null}`.as('device'),
        expiresAt: sql<number>`${databaseNow} + ${keptDays * daySeconds}`.as('expires_at'),
      })
      .from(sql`(SELECT 1)`)
      .where(hasChanged),
  )
}

/**
 * The condition that one of the newest events of the account, of the last hour, has this outcome.
 * So what strangers can do without end is recorded once an hour.
 */
export function wasRecorded(userId: SQL, outcome: Reason): SQL {
  const newest = build
    .select({ at: auditEvents.at, outcome: auditEvents.outcome })
    .from(auditEvents)
    .where(eq(auditEvents.userId, userId))
    .orderBy(desc(auditEvents.seq))
    .limit(newestEvents)
    .as('subquery')
  const isRecent = gt(newest.at, sql`${databaseNow} - ${hourSeconds}`)
  return exists(
    build
      .select({ at: newest.at })
      .from(newest)
      .where(and(isRecent, eq(newest.outcome, outcome))),
  )
}

/** The account that the condition selects, as the row of an event. */
export function ofAccount(where: SQL | undefined) {
  return { table: sql`${users}`, where }
}

/** The statements that write the event of a session, under its account. */
export function sessionEventStatements(
  entry: AuditEntry,
  sessionId: string,
  outcome: AuditOutcome,
) {
  return auditStatements('recorded', entry, {
    ...{ outcome, userId: sql`${sessions.userId}`, sessionId },
    of: { table: sql`${sessions}`, where: eq(sessions.id, sessionId) },
  })
}

/** Deletes the personal details of all events of these accounts, in a batch. The events stay. */
export function deleteDetailsStatement(userIds: SQL) {
  const events = build
    .select({ seq: auditEvents.seq })
    .from(auditEvents)
    .where(sql`${auditEvents.userId} IN (${userIds})`)
  return build.delete(auditDetails).where(inArray(auditDetails.seq, events))
}

/** Deletes up to 1,000 rows of details whose time is over. Returns the same as `deleteRows`. */
export function deleteExpiredDetails(database: Database): Promise<number> {
  return deleteRows(database, auditDetails.seq, sql`${auditDetails.expiresAt} <= ${databaseNow}`)
}
