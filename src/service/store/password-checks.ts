// Password checks: at login, and when a user gives the password again. The first round trip counts
// the attempt, and reads the hash if the attempt is let through.

import { and, eq, exists, gte, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import type { AttemptLimits } from '../config/limit-settings.ts'
import {
  type AskedAttempt,
  type AttemptKeys,
  attemptStatements,
  type Counted,
  decodeAttempt,
  isAttemptCounted,
  rightAttemptStatement,
  type TooManyAttempts,
  updateRefusedStatement,
} from './attempts.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { hashRenewalStatements, type RightPassword } from './hash-renewal.ts'
import {
  decodeLiveSession,
  isLiveSession,
  issuedTokenColumns,
  type LiveSession,
  latestExpiry,
  selectLiveSessionStatement,
} from './live-session.ts'
import { decodeRow, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import {
  accountIdOf,
  type CallerToken,
  type CheckedAccount,
  decodeCheckedAccount,
  isAccountAsSigned,
  isAccountOf,
  isEnabledAccount,
  isRevokedToken,
  mayActForAccount,
  selectCheckedAccountStatement,
} from './users.ts'

/** A session whose owner gives the password again. */
export interface SessionToConfirm extends LiveSession {
  readonly passwordHash: string
  readonly passwordVersion: number
}

const clockRow = v.object({ authenticatedAt: instant })
const credentialsRow = v.union([
  v.object({
    userId: integer,
    passwordHash: v.nullable(v.string()),
    passwordVersion: integer,
    isRevoked: flag,
  }),
  v.object({ userId: v.null(), isRevoked: flag }),
])

/** Whose login it is, and with which device. */
export interface LoginKeys extends AttemptKeys {
  readonly device: KnownDevice | undefined
}

/** A device that knew the password of an account. */
interface KnownDevice {
  readonly key: string
  readonly userId: number
  /** The version of the password that it knew. */
  readonly passwordVersion: number
}

/**
 * The account with this email and its credentials; undefined when there is none, or it is disabled.
 * Counts the attempt in either case: for the device alone, if it knew the current password. Refuses
 * with 'too_many_attempts': then no hash leaves the database. Records the attempt, or the first
 * refusal of a block, under the account, or under none. Atomic; one round trip.
 */
export async function findAccountToLogIn(
  database: Database,
  spellings: readonly string[],
  keys: LoginKeys,
  limits: AttemptLimits,
  entry: AuditEntry,
): Promise<Result<Counted<CheckedAccount | undefined>, TooManyAttempts>> {
  const whose = and(isAccountOf(spellings), isEnabledAccount, isAttemptCounted)
  const device = keys.device && {
    key: keys.device.key,
    isKnown: isDeviceKnown(spellings, keys.device),
  }
  const asked = { keys, device, limits }
  const fact = { userId: accountIdOf(spellings) }
  const answers = await runBatch(database, {
    ...countingStatements(asked, entry, fact),
    account: selectCheckedAccountStatement(whose),
    ...blockStatements(asked, entry, fact),
  })
  const attempt = decodeAttempt(keys, answers)
  if (!attempt.ok) return attempt
  return succeed({ found: decodeCheckedAccount(answers.account), attempt: attempt.value })
}

/**
 * The session of a token and the password hash to check, as of now by the database's clock. Counts
 * the attempt. Refuses with 'too_many_attempts': then no hash leaves the database. Refuses with
 * 'token_revoked', also when the session has ended. Refuses with 'account_gone' when the account
 * does not exist, or is disabled. These are not counted. Records the attempt, or the first refusal
 * of a block. Atomic; one round trip.
 */
export async function findSessionToConfirm(
  database: Database,
  caller: CallerToken,
  keys: AttemptKeys,
  limits: AttemptLimits,
  entry: AuditEntry,
): Promise<Result<Counted<SessionToConfirm>, RevocationReason | TooManyAttempts>> {
  const { sessionId, userId } = caller
  const isLive = build
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), isLiveSession))
  const mayAttempt = and(mayActForAccount(caller), exists(isLive))
  const asked = { keys, limits, mayAttempt }
  const fact = { userId, sessionId }
  const answers = await runBatch(database, {
    ...countingStatements(asked, entry, fact),
    credentials: selectCredentialsStatement(caller),
    live: selectLiveSessionStatement(sessionId, latestExpiry(sessions.expiresAt)),
    clock: build.select({ authenticatedAt: databaseNow }).from(sql`(SELECT 1)`),
    ...blockStatements(asked, entry, fact),
  })
  const credentials = decodeRow(credentialsRow, answers.credentials)
  if (credentials.isRevoked) return refuse('token_revoked')
  if (credentials.userId === null) return refuse('account_gone')
  const session = decodeLiveSession(answers.live)
  if (!session) return refuse('token_revoked')
  // Only the limit can have kept the attempt from being counted now.
  const attempt = decodeAttempt(keys, answers)
  if (!attempt.ok) return attempt
  const { passwordHash, passwordVersion } = credentials
  if (!passwordHash) return refuse('token_revoked')
  const { authenticatedAt } = decodeRow(clockRow, answers.clock)
  const found = { ...session, authenticatedAt, passwordHash, passwordVersion }
  return succeed({ found, attempt: attempt.value })
}

/** Who an attempt is for, as its events say. */
interface AttemptFact {
  readonly userId: number | SQL
  readonly sessionId?: string
}

/** Counts an attempt, and records it. What comes next can ask `isAttemptCounted`. */
function countingStatements(asked: AskedAttempt, entry: AuditEntry, fact: AttemptFact) {
  const { waiting, counted } = attemptStatements(asked)
  return {
    waiting,
    counted,
    ...auditStatements('attempted', entry, { ...fact, outcome: 'attempted' }),
  }
}

/**
 * Records the first refused attempt of a block, after everything that asks `isAttemptCounted`. The
 * others write nothing: whoever is blocked must not fill the table.
 */
function blockStatements(asked: AskedAttempt, entry: AuditEntry, fact: AttemptFact) {
  return {
    refused: updateRefusedStatement(asked),
    ...auditStatements('blocked', entry, { ...fact, outcome: 'too_many_attempts' }),
  }
}

/** The condition that a device knew the current password of the account with this email. */
function isDeviceKnown(
  spellings: readonly string[],
  { userId, passwordVersion }: KnownDevice,
): SQL {
  const isItsAccount = and(eq(users.id, userId), eq(users.passwordVersion, passwordVersion))
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(isItsAccount, isAccountOf(spellings)))
  return exists(account)
}

/** The credentials of a token's account. The hash is null if the attempt is not counted. */
function selectCredentialsStatement(token: CallerToken) {
  return build
    .select({
      userId: users.id,
      passwordHash: sql<string | null>`iif(${isAttemptCounted}, ${users.passwordHash}, NULL)`,
      passwordVersion: users.passwordVersion,
      isRevoked: sql<number>`${isRevokedToken(token)}`,
    })
    .from(sql`(SELECT 1)`)
    .leftJoin(users, and(eq(users.id, token.userId), isEnabledAccount))
}

/**
 * Records that the password was given again at the moment when `signed` was read. Does nothing if
 * the password, or anything that the new token says, has changed since. Does nothing if the session
 * or the caller's token is no longer valid. Otherwise the attempts of this session are forgotten,
 * and the hash is renewed. A hash of the same password that was renewed meanwhile is no change.
 * Records the success. Atomic; one round trip.
 *
 * @returns whether it was recorded
 */
export async function updateAuthenticatedAt(
  database: Database,
  caller: CallerToken,
  { found: signed, attempt, renewal }: RightPassword<SessionToConfirm>,
  tokenExpiresAt: number,
  entry: AuditEntry,
): Promise<boolean> {
  const { sessionId, passwordVersion, authenticatedAt } = signed
  const isUnchanged = and(
    eq(users.id, sessions.userId),
    eq(users.passwordVersion, passwordVersion),
    isAccountAsSigned(signed),
  )
  const mayConfirm = and(
    ...[eq(sessions.id, sessionId), isLiveSession, gte(sessions.expiresAt, tokenExpiresAt)],
    exists(build.select({ id: users.id }).from(users).where(isUnchanged)),
    mayActForAccount(caller),
  )
  // None of these conditions depends on what the update changes.
  const isConfirmed = exists(build.select({ id: sessions.id }).from(sessions).where(mayConfirm))
  const { updated } = await runBatch(database, {
    updated: build
      .update(sessions)
      .set(confirmedColumns(authenticatedAt, tokenExpiresAt))
      .where(mayConfirm)
      .returning({ sessionId: sessions.id }),
    ...auditStatements('recorded', entry, {
      ...{ outcome: 'success', attemptSeq: attempt.seq },
      ...{ userId: caller.userId, sessionId },
    }),
    right: rightAttemptStatement(attempt),
    ...hashRenewalStatements(renewal, isConfirmed),
  })
  return updated.length > 0
}

/** The columns of a session whose user gave the password again, and that gets an access token. */
export function confirmedColumns(authenticatedAt: number, tokenExpiresAt: number) {
  return {
    authenticatedAt: sql`max(${sessions.authenticatedAt}, CAST(${authenticatedAt} AS INTEGER))`,
    ...issuedTokenColumns(tokenExpiresAt),
  }
}
