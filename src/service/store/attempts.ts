// Attempts to give a password, counted where all isolates and regions see them. An attempt is
// counted in the round trip that reads the password hash, before the password is checked. Only a
// counted attempt gets the hash. So however many come at once, exactly as many hashes leave the
// database as the limits allow. A right password takes its attempt back, in the batch that begins
// its session.

import { and, eq, gt, inArray, not, or, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { AttemptLimits } from '../config/limit-settings.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { deleteRows } from './delete-rows.ts'
import { decodeRow, decodeRows, instant, integer } from './rows.ts'
import { attempts } from './schema.ts'

/** Whose attempt it is. */
export interface AttemptKeys {
  /** The account from one source: an address, or a session. */
  readonly source: string
  /** The account from everywhere. */
  readonly account: string
}

export interface AskedAttempt {
  readonly keys: AttemptKeys
  /** A device, and the condition that the account knows it. Then it is counted alone. */
  readonly device?: { readonly key: string; readonly isKnown: SQL } | undefined
  readonly limits: AttemptLimits
  /** A further condition. What does not satisfy it is not counted. */
  readonly mayAttempt?: SQL | undefined
}

/** An attempt that was counted. */
export interface CountedAttempt {
  /** The rows that count it. */
  readonly keys: readonly string[]
  /** The row of the account from everywhere, if it is one of them. */
  readonly accountKey: string | undefined
  /** The `seq` of its event. */
  readonly seq: number
}

/** What a password is checked for, and the attempt that was counted for it. */
export interface Counted<T> {
  readonly found: T
  readonly attempt: CountedAttempt
}

/** No attempt is let through now. */
export interface TooManyAttempts {
  readonly reason: 'too_many_attempts'
  /** When the next one is. */
  readonly retryAfterSeconds: number
}

/** The attempts of an account from one source, or from everywhere. */
export interface ListedAttempts {
  readonly key: string
  readonly count: number
  /** When the last one of the source was, in seconds since 1970. */
  readonly lastAt: number
  /** After how many seconds the next one is let through; 0: now. */
  readonly waitSeconds: number
}

const countedRow = v.object({ key: v.string() })
const attemptedRow = v.object({ seq: integer })
const listedRow = v.object({
  key: v.string(),
  count: integer,
  lastAt: instant,
  waitSeconds: integer,
})
const waitRow = v.object({ waitSeconds: v.nullable(integer) })

/** So often doubled, a delay is longer than every limit. */
const maxDoublings = 20

/**
 * The condition that the clock of the database was set back since the attempt. Such a row would
 * block for as long, so it does not count.
 */
const isAhead = sql`${attempts.lastAt} > ${databaseNow} + 60`

/**
 * Counts an attempt, unless one of its rows says that it comes too early. The statement `waiting`
 * must come first. A later statement may see a later second, in which the wait is over. The
 * statements after `counted` can ask whether it was counted, with `isAttemptCounted`.
 */
export function attemptStatements({ keys, device, limits, mayAttempt = sql`1` }: AskedAttempt) {
  const asked = keysAsked(keys, device)
  const wait = waitSeconds(keys.account, limits)
  const isEarly = sql`EXISTS (SELECT 1 FROM ${attempts} WHERE ${attempts.key} IN (${asked}) AND ${wait} > 0)`
  return {
    waiting: build
      .select({ waitSeconds: sql<number | null>`max(${wait})` })
      .from(attempts)
      .where(sql`${attempts.key} IN (${asked})`),
    counted: build
      .insert(attempts)
      .select(
        build
          .select({
            key: sql<string>`asked_subquery.key`.as('key'),
            count: sql<number>`1`.as('count'),
            lastAt: databaseNow.as('last_at'),
            isRefused: sql<number>`0`.as('is_refused'),
          })
          .from(sql`(${asked}) AS asked_subquery`)
          .where(sql`NOT ${isEarly} AND ${mayAttempt}`),
      )
      .onConflictDoUpdate({ target: attempts.key, set: countedAgain(keys.account, limits) })
      .returning({ key: attempts.key }),
  }
}

/** The condition that the batch has just counted an attempt. */
export const isAttemptCounted: SQL = sql`changes() > 0`

/**
 * Marks the rows for which an attempt was not counted, unless they are marked. Counting one takes
 * the marks off. So it changes something with the first refused attempt of a block alone. It must
 * come after the statements that ask `isAttemptCounted`.
 */
export function updateRefusedStatement({ keys, device, limits, mayAttempt }: AskedAttempt) {
  const { key, isRefused } = attempts
  const isAsked = sql`${key} IN (${keysAsked(keys, device)})`
  // In the batch of a second that has just begun, the wait of the row is over by now.
  const isBlocking = sql`${delaySeconds(keys.account, limits)} > 0 AND ${waitSeconds(keys.account, limits)} >= 0`
  return build
    .update(attempts)
    .set({ isRefused: true })
    .where(and(not(isAttemptCounted), isAsked, eq(isRefused, false), isBlocking, mayAttempt))
}

/**
 * Decodes the answers of the statements, for a caller that knows that `mayAttempt` held. The wait is
 * at least a second: the clock may have moved on since the statement that did not count.
 */
export function decodeAttempt(
  { account }: AttemptKeys,
  answers: {
    readonly counted: readonly unknown[]
    readonly attempted: readonly unknown[]
    readonly waiting: readonly unknown[]
  },
): Result<CountedAttempt, TooManyAttempts> {
  const keys = decodeRows(countedRow, answers.counted).map(({ key }) => key)
  if (keys.length > 0) {
    const { seq } = decodeRow(attemptedRow, answers.attempted)
    return succeed({ keys, accountKey: keys.includes(account) ? account : undefined, seq })
  }
  const { waitSeconds } = decodeRow(waitRow, answers.waiting)
  const retryAfterSeconds = Math.max(1, waitSeconds ?? 0)
  return refuse({ reason: 'too_many_attempts', retryAfterSeconds })
}

/**
 * For a right password, right after the statement that does what the password was for. Does nothing
 * if that statement changed nothing. The source begins anew. For the account from everywhere, only
 * this attempt is taken back, because others may be guessing.
 */
export function rightAttemptStatement({ keys, accountKey }: CountedAttempt) {
  const { count, key } = attempts
  const isAccount = sql`${key} = ${accountKey ?? ''}`
  return build
    .update(attempts)
    .set({ count: sql`iif(${isAccount}, max(0, ${count} - 1), 0)` })
    .where(and(inArray(key, [...keys]), sql`changes() > 0`))
}

/**
 * Takes an attempt back whose password was not checked, or that failed by a fault of ours. One
 * round trip.
 */
export async function takeAttemptBack(database: Database, { keys }: CountedAttempt): Promise<void> {
  const { count, key } = attempts
  await runBatch(database, {
    takenBack: build
      .update(attempts)
      .set({ count: sql`max(0, ${count} - 1)` })
      .where(inArray(key, [...keys])),
  })
}

/**
 * The attempts of an account, with those of its sources. The account itself comes first. There are
 * none where a right password has begun the count anew, or where they are forgotten.
 */
export async function listAttempts(
  database: Database,
  accountKey: string,
  limits: AttemptLimits,
): Promise<readonly ListedAttempts[]> {
  const { key, lastAt } = attempts
  const wait = sql<number>`max(0, ${waitSeconds(accountKey, limits)})`
  const { left } = countLeft(accountKey, limits)
  const { found } = await readBatch(database, {
    found: build
      .select({ key, count: left, lastAt, waitSeconds: wait })
      .from(attempts)
      .where(and(isOfAccount(accountKey), gt(left, 0)))
      .orderBy(key),
  })
  return decodeRows(listedRow, found)
}

/**
 * Deletes the attempts of an account, under all of its keys, with those of its sources, and records
 * it. Returns how many counts there were. If there were none, it records nothing. One round trip.
 */
export async function deleteAttempts(
  database: Database,
  accountKeys: readonly string[],
  userId: number | undefined,
  entry: AuditEntry,
): Promise<number> {
  // A row without attempts limits nobody.
  const isCounted = gt(attempts.count, 0)
  const { deleted } = await runBatch(database, {
    deleted: build.delete(attempts).where(and(or(...accountKeys.map(isOfAccount)), isCounted)),
    ...auditStatements('recorded', entry, { outcome: 'success', userId }),
  })
  return deleted.rowsAffected
}

/** All keys of an account begin with its own key. */
function isOfAccount(accountKey: string): SQL {
  const { key } = attempts
  return sql`(${key} = ${accountKey} OR (${key} > ${`${accountKey}.`} AND ${key} < ${`${accountKey}/`}))`
}

/** Deletes up to 1,000 rows that no limit needs any more. Returns the same as `deleteRows`. */
export function deleteForgottenAttempts(
  database: Database,
  { closedSeconds }: AttemptLimits,
): Promise<number> {
  const isOver = sql`${attempts.lastAt} < ${databaseNow} - ${closedSeconds + 1}`
  return deleteRows(database, attempts.key, isOver)
}

/** The keys that count an attempt: a known device alone, otherwise source and account. */
function keysAsked({ source, account }: AttemptKeys, device: AskedAttempt['device']): SQL {
  if (!device) return sql`SELECT ${source} AS key UNION ALL SELECT ${account}`
  const { key, isKnown } = device
  const unknown = [source, account].map((one) => sql`UNION ALL SELECT ${one} WHERE NOT ${isKnown}`)
  return sql`SELECT ${key} AS key WHERE ${isKnown} ${sql.join(unknown, sql` `)}`
}

/**
 * After how many seconds the next attempt of a row is let through. At most 0: now. A delay counts
 * from the next full second, so that none is shorter than it says.
 */
function waitSeconds(accountKey: string, limits: AttemptLimits): SQL<number> {
  const delay = delaySeconds(accountKey, limits)
  return sql<number>`CAST(min(${delay}, ${attempts.lastAt} + ${delay} - ${databaseNow}) AS INTEGER)`
}

/** How long no attempt of a row is let through after the last one; 0 if the next one is. */
function delaySeconds(accountKey: string, limits: AttemptLimits): SQL {
  const { freeAttempts, maxAttempts, maxDelaySeconds, closedSeconds } = limits
  const { count, key } = attempts
  const doublings = sql`min(${count} - ${freeAttempts}, ${maxDoublings})`
  return sql`CASE
    WHEN ${isAhead} THEN 0
    WHEN ${key} = ${accountKey} THEN iif(${count} < ${maxAttempts}, 0, 1 + ${closedSeconds})
    WHEN ${count} >= ${Math.ceil(maxAttempts / 2)} THEN 1 + ${closedSeconds}
    WHEN ${count} < ${freeAttempts} THEN 0
    ELSE 1 + min(${maxDelaySeconds}, 1 << ${doublings}) END`
}

/**
 * What is left of a count. A source is forgotten after `closedSeconds` without an attempt. An
 * account from everywhere loses one attempt after each step of that time. So its owner's typing
 * errors never add up, and no source alone can fill it in the long run.
 */
function countLeft(accountKey: string, limits: AttemptLimits) {
  const { count, key, lastAt } = attempts
  const { closedSeconds, maxAttempts } = limits
  const stepSeconds = Math.max(1, Math.floor(closedSeconds / maxAttempts))
  const elapsed = sql`max(0, ${databaseNow} - ${lastAt})`
  const steps = sql`CAST(${elapsed} / ${stepSeconds} AS INTEGER)`
  const isAccount = sql`${key} = ${accountKey}`
  const left = sql<number>`CASE WHEN ${isAhead} THEN 0 WHEN ${isAccount} THEN max(0, ${count} - ${steps})
    ELSE iif(${elapsed} >= ${closedSeconds}, 0, ${count}) END`
  return { left, isAccount, stepped: sql`CAST(${lastAt} + ${steps} * ${stepSeconds} AS INTEGER)` }
}

/** The columns of a row that counts one attempt more. A step that has begun goes on. */
function countedAgain(accountKey: string, limits: AttemptLimits) {
  const { left, isAccount, stepped } = countLeft(accountKey, limits)
  const isInStep = sql`${isAccount} AND ${left} > 0 AND ${left} + 1 < ${limits.maxAttempts}`
  return {
    count: sql`${left} + 1`,
    lastAt: sql`iif(${isInStep}, ${stepped}, ${databaseNow})`,
    isRefused: sql`0`,
  }
}
