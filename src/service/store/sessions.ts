// Sessions, as rows: how they begin and are listed. How they go on is in session-rotation.ts, how
// they end in session-endings.ts.

import { and, desc, eq, exists, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, succeed } from '../../errors/reasons.ts'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import {
  decodeLiveSession,
  isLiveSession,
  issuedTokenColumns,
  type LiveSession,
  latestExpiry,
  selectLiveSessionStatement,
} from './live-session.ts'
import { decodeRows, instant } from './rows.ts'
import { sessions, users } from './schema.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  insertUserStatement,
  isEnabledAccount,
  mayActForAccount,
  type NewUser,
  selectAccountByTokenStatement,
} from './users.ts'

/** How long sessions live. */
interface SessionLifetimes {
  /** Without being refreshed. */
  readonly idleSeconds: number
  /** In all. */
  readonly absoluteSeconds: number
}

/** What a session is begun with. */
export interface NewSession {
  readonly sessionId: string
  readonly device: string | undefined
  readonly address: string | undefined
  readonly lifetimes: SessionLifetimes
  /** When its first access token is to expire, in seconds since 1970. */
  readonly tokenExpiresAt: number
}

/** How many sessions are listed: those that were used last. */
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

/**
 * Begins a session of an account whose password was checked, unless the password has been changed
 * or the account disabled since. Atomic; one round trip.
 */
export async function insertSession(
  database: Database,
  session: NewSession,
  checked: { readonly userId: number; readonly passwordHash: string },
): Promise<LiveSession | undefined> {
  const isUnchanged = and(
    eq(users.id, checked.userId),
    eq(users.passwordHash, checked.passwordHash),
    isEnabledAccount,
  )
  const { live } = await runBatch(database, {
    inserted: insertSessionStatement(session, isUnchanged),
    live: selectLiveSessionStatement(session.sessionId, session.tokenExpiresAt),
  })
  return decodeLiveSession(live)
}

/**
 * Inserts an account and begins its first session, unless its email has an account: exactly one of
 * several concurrent calls gets a session. Atomic; one round trip.
 */
export async function insertUserAndSession(
  database: Database,
  user: NewUser,
  session: NewSession,
): Promise<LiveSession | undefined> {
  // The fresh salt in the hash tells the account just inserted from one that was there before.
  const isNew = and(
    eq(users.emailNormalized, user.emailNormalized),
    eq(users.passwordHash, user.passwordHash),
  )
  const { live } = await runBatch(database, {
    user: insertUserStatement(user),
    session: insertSessionStatement(session, isNew),
    live: selectLiveSessionStatement(session.sessionId, session.tokenExpiresAt),
  })
  return decodeLiveSession(live)
}

/**
 * Notes that the password was given again, and was this one, unless it has been changed since or
 * the caller's token was revoked. Atomic; one round trip.
 */
export async function updateAuthenticatedAt(
  database: Database,
  caller: CallerToken,
  again: { readonly passwordHash: string; readonly tokenExpiresAt: number },
): Promise<LiveSession | undefined> {
  const { sessionId } = caller
  const { passwordHash, tokenExpiresAt } = again
  const isUnchanged = exists(
    build
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.id, sessions.userId), eq(users.passwordHash, passwordHash))),
  )
  const { updated, live } = await runBatch(database, {
    updated: build
      .update(sessions)
      .set({
        authenticatedAt: databaseNow,
        ...issuedTokenColumns(tokenExpiresAt),
      })
      .where(and(eq(sessions.id, sessionId), isLiveSession, isUnchanged, mayActForAccount(caller)))
      .returning({ sessionId: sessions.id }),
    live: selectLiveSessionStatement(sessionId, tokenExpiresAt),
  })
  return updated.length > 0 ? decodeLiveSession(live) : undefined
}

/**
 * The living sessions of a token's account, last used first, at most 100. Refuses as
 * `findCredentialsByToken`. One round trip.
 */
export async function listSessionsByToken(
  database: Database,
  caller: CallerToken,
): Promise<Result<readonly ListedSession[], RevocationReason>> {
  const { found, listed } = await readBatch(database, {
    found: selectAccountByTokenStatement(caller),
    listed: build
      .select({
        sessionId: sessions.id,
        device: sessions.device,
        address: sessions.address,
        createdAt: sessions.createdAt,
        rotatedAt: sessions.rotatedAt,
        expiresAt: sessions.expiresAt,
      })
      .from(sessions)
      .where(and(eq(sessions.userId, caller.userId), isLiveSession))
      .orderBy(desc(sessions.rotatedAt), sessions.id)
      .limit(maxSessionsListed),
  })
  const account = decodeAccountByToken(found)
  return account.ok ? succeed(decodeRows(listedRow, listed)) : account
}

/** Inserts a session of the account that the condition picks. */
function insertSessionStatement(session: NewSession, whose: SQL | undefined) {
  const { idleSeconds, absoluteSeconds } = session.lifetimes
  const ends = sql`${databaseNow} + ${absoluteSeconds}`
  const idleEnds = sql<number>`min(${databaseNow} + ${idleSeconds}, ${ends})`
  const nothing = sql<number>`0`
  return build.insert(sessions).select(
    build
      .select({
        id: sql<string>`${session.sessionId}`.as('id'),
        userId: users.id,
        version: sql<number>`1`.as('version'),
        createdAt: databaseNow.as('created_at'),
        authenticatedAt: databaseNow.as('authenticated_at'),
        rotatedAt: databaseNow.as('rotated_at'),
        expiresAt: idleEnds.as('expires_at'),
        absoluteExpiresAt: sql<number>`${ends}`.as('absolute_expires_at'),
        revokedAt: sql<null>`NULL`.as('revoked_at'),
        device: sql<string | null>`${session.device ?? null}`.as('device'),
        address: sql<string | null>`${session.address ?? null}`.as('address'),
        tokensIssued: sql<number>`1`.as('tokens_issued'),
        tokensExpireAt: latestExpiry(session.tokenExpiresAt, idleEnds).as('tokens_expire_at'),
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
