// Session rows: how sessions begin and how they are listed. session-rotation.ts refreshes them, and
// session-endings.ts ends them.

import { and, desc, eq, exists, notExists, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { rightAttemptStatement } from './attempts.ts'
import { type AuditEntry, auditStatements, wasRecorded } from './audit-events.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { returnStatements } from './deletion-cancelling.ts'
import { hashRenewalStatements, type RightPassword } from './hash-renewal.ts'
import {
  decodeLiveSession,
  expiryOf,
  isLiveSession,
  type LiveSession,
  selectIssuedSessionStatement,
} from './live-session.ts'
import { insertUserStatement, type NewUser } from './new-users.ts'
import { isQueued, type LoginNotice } from './outgoing-mail.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, instant } from './rows.ts'
import { sessions, users } from './schema.ts'
import { sessionLimitStatements } from './session-limit.ts'
import {
  type Account,
  accountIdOf,
  type CallerToken,
  type CheckedAccount,
  decodeAccountByToken,
  decodeCheckedAccount,
  isAccountAsSigned,
  isUsableAccount,
  selectAccountByTokenStatement,
  selectCheckedAccountStatement,
} from './users.ts'

/** How long sessions live. */
interface SessionLifetimes {
  /** How long a session lives without a refresh. */
  readonly idleSeconds: number
  /** How long a session lives in total. */
  readonly absoluteSeconds: number
}

/** What a new session needs. */
export interface NewSession {
  readonly sessionId: string
  readonly device: string | undefined
  readonly address: string | undefined
  readonly lifetimes: SessionLifetimes
  /** The requested expiry of its first access token, in seconds since 1970. */
  readonly tokenExpiresAt: number
  /** When the password was given, as its first access token says. Default: now. */
  readonly authenticatedAt?: number
}

/** How many sessions are listed: the most recently used ones. */
const maxSessionsListed = 100

const listedRow = v.object({
  sessionId: v.string(),
  device: v.nullable(v.string()),
  address: v.nullable(v.string()),
  createdAt: instant,
  rotatedAt: instant,
  expiresAt: instant,
})

/** A session as its owner sees it. Instants are seconds since 1970. */
export type ListedSession = Readonly<v.InferOutput<typeof listedRow>>

/** The data that the token was signed for has changed since. Nothing is committed. */
export interface Changed<Read> {
  readonly reason: 'changed'
  /** The current data. */
  readonly read: Read
}

/** What else a new session has caused. */
export interface BegunInStore {
  /** Of what has ended, to be announced. */
  readonly revocations: readonly Revocation[]
  /** Whether a mail to the owner is queued. */
  readonly isOwnerTold: boolean
}

/**
 * Begins a session of an account. The password was checked, and the first access token is signed.
 * Refuses with 'changed' when the generation or the roles of the account have changed since.
 * Refuses with 'invalid_credentials' when the password has changed, or the account is gone or
 * disabled, or its generation is revoked. A renewed hash of the same password is no change. Renews
 * the hash itself if it begins the session. Then an account is kept whose deletion is planned, and
 * the notice is queued. Records the success. Atomic; one round trip.
 */
export async function insertSession(
  database: Database,
  session: NewSession,
  { found: signed, attempt, renewal }: RightPassword<CheckedAccount>,
  {
    maxSessions,
    notice,
  }: { readonly maxSessions: number; readonly notice: LoginNotice | undefined },
  entry: AuditEntry,
): Promise<Result<BegunInStore, { reason: 'invalid_credentials' } | Changed<CheckedAccount>>> {
  const isChecked = and(
    eq(users.id, signed.userId),
    eq(users.passwordVersion, signed.passwordVersion),
    isUsableAccount,
  )
  const isBegun = exists(selectSessionStatement(session.sessionId))
  const { inserted, surplusRevoked, found, told } = await runBatch(database, {
    inserted: insertSessionStatement(session, and(isChecked, isAccountAsSigned(signed))).returning({
      sessionId: sessions.id,
    }),
    ...auditStatements('recorded', entry, {
      ...{ outcome: 'success', attemptSeq: attempt.seq },
      ...{ userId: signed.userId, sessionId: session.sessionId },
    }),
    right: rightAttemptStatement(attempt),
    ...sessionLimitStatements(session.sessionId, maxSessions),
    ...hashRenewalStatements(renewal, isBegun),
    ...returnStatements(signed, session, isBegun, notice, entry),
    found: selectCheckedAccountStatement(isChecked),
  })
  if (inserted.length > 0) {
    const revocations = decodeRows(revocationRow, surplusRevoked)
    return succeed({ revocations, isOwnerTold: isQueued(told) })
  }
  const read = decodeCheckedAccount(found)
  return refuse(read ? { reason: 'changed', read } : { reason: 'invalid_credentials' })
}

/**
 * Inserts an account and begins its first session, unless its email has an account. Exactly one of
 * several concurrent calls gets a session. The others get undefined. Records the success. Records
 * under the account that has the email that it is taken: once an hour, because strangers can do it.
 * Atomic; one round trip.
 */
export async function insertUserAndSession(
  database: Database,
  user: NewUser,
  session: NewSession,
  entry: AuditEntry,
): Promise<LiveSession | undefined> {
  // The hash has a fresh salt, so it identifies the account that was just inserted.
  const isNew = and(
    eq(users.emailNormalized, user.emailNormalized),
    eq(users.passwordHash, user.passwordHash),
  )
  const accountId = accountIdOf(user.spellings)
  const { live } = await runBatch(database, {
    user: insertUserStatement(user),
    ...auditStatements('recorded', entry, {
      outcome: sql<string>`iif(changes() > 0, 'success', 'email_taken')`,
      userId: accountId,
      sessionId: sql`iif(changes() > 0, ${session.sessionId}, NULL)`,
      condition: sql`(changes() > 0 OR NOT ${wasRecorded(accountId, 'email_taken')})`,
    }),
    session: insertSessionStatement(session, isNew),
    live: selectIssuedSessionStatement(session.sessionId, session.tokenExpiresAt),
  })
  return decodeLiveSession(live)
}

/**
 * Deletes what `insertUserAndSession` has inserted. No client has received a token for it. The
 * account stays if somebody who knows the password has logged in meanwhile. Records 'internal' if
 * it is deleted. Atomic; one round trip.
 */
export async function deleteUserAndSession(
  database: Database,
  { userId, sessionId }: LiveSession,
  passwordHash: string,
  entry: AuditEntry,
): Promise<void> {
  const others = build.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, userId))
  const isNew = and(eq(users.id, userId), eq(users.passwordHash, passwordHash))
  await runBatch(database, {
    session: build.delete(sessions).where(eq(sessions.id, sessionId)),
    user: build.delete(users).where(and(isNew, notExists(others))),
    ...auditStatements('recorded', entry, { outcome: 'internal', userId, sessionId }),
  })
}

/** An account, and its living sessions. */
interface AccountWithSessions {
  readonly account: Account
  /** Most recently used first, at most 100. */
  readonly sessions: readonly ListedSession[]
}

/**
 * A token's account with its living sessions. Refuses like `findAccountByToken`. One round trip.
 */
export async function findSessionsByToken(
  database: Database,
  caller: CallerToken,
): Promise<Result<AccountWithSessions, RevocationReason>> {
  const { found, listed } = await readBatch(database, {
    found: selectAccountByTokenStatement(caller),
    listed: selectOwnSessionsStatement(caller),
  })
  const account = decodeAccountByToken(found)
  if (!account.ok) return account
  return succeed({ account: account.value, sessions: decodeOwnSessions(listed) })
}

/** The living sessions of a token's account, for other batches. */
export function selectOwnSessionsStatement({ userId }: CallerToken) {
  return build
    .select({
      sessionId: sessions.id,
      device: sessions.device,
      address: sessions.address,
      createdAt: sessions.createdAt,
      rotatedAt: sessions.rotatedAt,
      expiresAt: sessions.expiresAt,
    })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isLiveSession))
    .orderBy(desc(sessions.rotatedAt), sessions.id)
    .limit(maxSessionsListed)
}

/** Decodes the answer of the statement. */
export function decodeOwnSessions(rows: readonly unknown[]): readonly ListedSession[] {
  return decodeRows(listedRow, rows)
}

function selectSessionStatement(sessionId: string) {
  return build.select({ id: sessions.id }).from(sessions).where(eq(sessions.id, sessionId))
}

/** Inserts a session of the account that the condition selects. */
export function insertSessionStatement(session: NewSession, whose: SQL | undefined) {
  const { idleSeconds, absoluteSeconds } = session.lifetimes
  const ends = sql`${databaseNow} + ${absoluteSeconds}`
  const idleEnds = sql<number>`min(${databaseNow} + ${idleSeconds}, ${ends})`
  const { authenticatedAt: given } = session
  const authenticatedAt = given === undefined ? databaseNow : sql<number>`CAST(${given} AS INTEGER)`
  const nothing = sql<number>`0`
  return build.insert(sessions).select(
    build
      .select({
        id: sql<string>`${session.sessionId}`.as('id'),
        userId: users.id,
        version: sql<number>`1`.as('version'),
        createdAt: databaseNow.as('created_at'),
        authenticatedAt: authenticatedAt.as('authenticated_at'),
        rotatedAt: databaseNow.as('rotated_at'),
        expiresAt: idleEnds.as('expires_at'),
        absoluteExpiresAt: sql<number>`${ends}`.as('absolute_expires_at'),
        revokedAt: sql<null>`NULL`.as('revoked_at'),
        device: sql<string | null>`${session.device ?? null}`.as('device'),
        address: sql<string | null>`${session.address ?? null}`.as('address'),
        tokensIssued: sql<number>`1`.as('tokens_issued'),
        tokensExpireAt: expiryOf(session.tokenExpiresAt, idleEnds).as('tokens_expire_at'),
        reusedBelow: nothing.as('reused_below'),
        markedVersion: nothing.as('marked_version'),
        markedAt: nothing.as('marked_at'),
        refreshes: nothing.as('refreshes'),
        refreshesSince: nothing.as('refreshes_since'),
        tokenRevocations: nothing.as('token_revocations'),
        tokenRevocationsUntil: nothing.as('token_revocations_until'),
      })
      .from(users)
      .where(whose),
  )
}
