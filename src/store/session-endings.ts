// How sessions end, as rows: by their own token, by another one of the same account, all at once,
// or because their time is over. What ends before its time has its tokens revoked in the same batch.

import { and, eq, exists, inArray, isNull, lt, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import {
  decodeLiveSession,
  isLiveSession,
  type LiveSession,
  selectLiveSession,
} from './live-session.ts'
import {
  anyRevoked,
  maxRowsPerDelete,
  type Revocation,
  type RevocationOutcome,
  revocationFields,
  revocationResult,
  revocationRow,
  revokeAgain,
} from './revoked-tokens.ts'
import { decodeRow, decodeRows, flag } from './rows.ts'
import { revokedTokens, sessions, users } from './schema.ts'
import { decodeAccountAndRevocation, isEnabled, selectAccountAndRevocation } from './users.ts'

/** The token that asks: if any of its ids is revoked already, it has no say. */
export interface AskingToken {
  readonly userId: number
  readonly sessionId: string
  readonly revocationIds: readonly string[]
  /** In seconds since 1970. */
  readonly expiresAt: number
}

/** What a row becomes when its session ends before its time. */
export const ended = {
  revokedAt: databaseNow,
  expiresAt: sql`min(${sessions.expiresAt}, ${databaseNow})`,
}

/** How long after its end a session is still known, so that late clients are told what has become of it. */
const keepAfterEndSeconds = 86_400
const revokedRow = v.object({ isRevoked: flag })

/**
 * Ends the session of the token that asks, if that is not revoked and its account is there: exactly
 * one of several concurrent calls gets the revocation. Atomic; one round trip.
 */
export async function endOwnSession(
  database: Database,
  asking: AskingToken,
  longestLifetimeSeconds: number,
): Promise<RevocationOutcome> {
  const { userId, sessionId, revocationIds, expiresAt } = asking
  const until = sql<number>`max(${expiresAt}, ${databaseNow} + ${longestLifetimeSeconds})`
  const [inserted, , found] = await runBatch(database, [
    build
      .insert(revokedTokens)
      .select(
        build
          .select(revocationFields(sql`${sessionId}`, until))
          .from(users)
          .where(and(eq(users.id, userId), isEnabled, not(anyRevoked(revocationIds)))),
      )
      .returning(revocationResult),
    endRevoked(sessionId),
    // By now the session is revoked whoever won; without an inserted row it tells "revoked before"
    // from "no such account".
    build.select({ isRevoked: sql<number>`${anyRevoked(revocationIds)}` }).from(sql`(SELECT 1)`),
  ])
  const [own] = decodeRows(revocationRow, inserted)
  if (own) return own
  return decodeRow(revokedRow, found).isRevoked ? 'already_revoked' : 'account_gone'
}

/**
 * Ends a living session of the account of the token that asks, which may be its own. Atomic; one
 * round trip.
 *
 * @returns 'unknown' where the account has no such living session
 */
export async function endSessionOfAccount(
  database: Database,
  asking: AskingToken,
  sessionId: string,
  longestLifetimeSeconds: number,
): Promise<RevocationOutcome | 'unknown'> {
  const { userId, revocationIds } = asking
  const until = sql<number>`${databaseNow} + ${longestLifetimeSeconds}`
  const isOwn = and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isLiveSession)
  const [inserted, , found] = await runBatch(database, [
    build
      .insert(revokedTokens)
      .select(
        build
          .select(revocationFields(sessions.id, until))
          .from(sessions)
          .innerJoin(users, and(eq(users.id, sessions.userId), isEnabled))
          .where(and(isOwn, not(anyRevoked(revocationIds)))),
      )
      .onConflictDoUpdate(revokeAgain)
      .returning(revocationResult),
    endRevoked(sessionId),
    selectAccountAndRevocation(userId, revocationIds),
  ])
  const [revocation] = decodeRows(revocationRow, inserted)
  if (revocation) return revocation
  const { account, isRevoked } = decodeAccountAndRevocation(found)
  if (isRevoked) return 'already_revoked'
  return account ? 'unknown' : 'account_gone'
}

/**
 * Ends a living session, by its refresh token. Atomic, idempotent; one round trip.
 *
 * @returns the revocation; nothing, where the session was over
 */
export async function endSessionOfRefreshToken(
  database: Database,
  sessionId: string,
  longestLifetimeSeconds: number,
): Promise<Revocation | undefined> {
  const until = sql<number>`${databaseNow} + ${longestLifetimeSeconds}`
  const [inserted] = await runBatch(database, [
    build
      .insert(revokedTokens)
      .select(
        build
          .select(revocationFields(sessions.id, until))
          .from(sessions)
          .where(and(eq(sessions.id, sessionId), isLiveSession)),
      )
      .onConflictDoUpdate(revokeAgain)
      .returning(revocationResult),
    endRevoked(sessionId),
  ])
  return decodeRows(revocationRow, inserted)[0]
}

/** What begins in the place of the caller's session when all of them end. */
export interface Continuation {
  readonly sessionId: string
  readonly idleSeconds: number
}

/** All sessions of an account have ended, and what the caller goes on with. */
export interface EndedEverywhere {
  readonly revocation: Revocation
  readonly continued: LiveSession | undefined
}

/**
 * Ends all sessions of the account of the token that asks: its generation is revoked and replaced,
 * which ends every token. Where the caller goes on, it does so in a fresh session that inherits how
 * long it may live in all, and when the password was given. Exactly one of several concurrent calls
 * succeeds. Atomic; one round trip.
 */
export async function endAllSessions(
  database: Database,
  asking: AskingToken,
  fresh: {
    readonly tokenGeneration: string
    readonly longestLifetimeSeconds: number
    readonly continuation: Continuation | undefined
  },
): Promise<EndedEverywhere | 'already_revoked' | 'account_gone'> {
  const { userId, sessionId, revocationIds } = asking
  const { tokenGeneration, longestLifetimeSeconds, continuation } = fresh
  const whose = eq(users.id, userId)
  const mayEnd = and(whose, isEnabled, not(anyRevoked(revocationIds)))
  const ending = [
    revokeGeneration(mayEnd, longestLifetimeSeconds),
    replaceRevokedGeneration(whose, tokenGeneration),
    endSessionsOf(whose, tokenGeneration),
    selectAccountAndRevocation(userId, revocationIds),
  ] as const
  const [inserted, , , found, , continued = []] = continuation
    ? await runBatch(database, [
        ...ending,
        continueSession(sessionId, tokenGeneration, continuation),
        selectLiveSession(continuation.sessionId),
      ])
    : await runBatch(database, ending)
  const [revocation] = decodeRows(revocationRow, inserted)
  if (revocation) return { revocation, continued: decodeLiveSession(continued) }
  return decodeAccountAndRevocation(found).isRevoked ? 'already_revoked' : 'account_gone'
}

/** Revokes the generation of the account that the condition picks: every token of it. */
export function revokeGeneration(whose: SQL | undefined, longestLifetimeSeconds: number) {
  const until = sql<number>`${databaseNow} + ${longestLifetimeSeconds}`
  return build
    .insert(revokedTokens)
    .select(build.select(revocationFields(users.tokenGeneration, until)).from(users).where(whose))
    .onConflictDoUpdate(revokeAgain)
    .returning(revocationResult)
}

/** Gives the account a fresh generation, if its own was revoked. */
export function replaceRevokedGeneration(whose: SQL | undefined, tokenGeneration: string) {
  const isRevoked = exists(
    build
      .select({ id: revokedTokens.id })
      .from(revokedTokens)
      .where(eq(revokedTokens.id, users.tokenGeneration)),
  )
  return build.update(users).set({ tokenGeneration }).where(and(whose, isRevoked))
}

/** Ends every session of the account that the condition picks, if this is its generation now. */
export function endSessionsOf(whose: SQL, tokenGeneration: string) {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(whose, eq(users.tokenGeneration, tokenGeneration)))
  return build
    .update(sessions)
    .set(ended)
    .where(and(inArray(sessions.userId, account), isLiveSession))
}

/**
 * Deletes up to 1,000 sessions that ended more than a day ago, by the database's clock. One round
 * trip.
 *
 * @returns how many were deleted; fewer than `maxRowsPerDelete` means that none are left
 */
export async function deleteEndedSessions(database: Database): Promise<number> {
  const over = build
    .select({ id: sessions.id })
    .from(sessions)
    .where(lt(sessions.expiresAt, sql`${databaseNow} - ${keepAfterEndSeconds}`))
    .limit(maxRowsPerDelete)
  const [{ rowsAffected }] = await runBatch(database, [
    build.delete(sessions).where(inArray(sessions.id, over)),
  ])
  return rowsAffected
}

/** Ends the session whose id is revoked by now. */
function endRevoked(sessionId: string) {
  return build
    .update(sessions)
    .set(ended)
    .where(and(eq(sessions.id, sessionId), isNull(sessions.revokedAt), anyRevoked([sessionId])))
}

function continueSession(sessionId: string, tokenGeneration: string, continuation: Continuation) {
  const { absoluteExpiresAt } = sessions
  const expiresAt = sql<number>`min(${databaseNow} + ${continuation.idleSeconds}, ${absoluteExpiresAt})`
  const isTheirs = and(eq(users.id, sessions.userId), eq(users.tokenGeneration, tokenGeneration))
  return build.insert(sessions).select(
    build
      .select({
        id: sql<string>`${continuation.sessionId}`.as('id'),
        userId: sessions.userId,
        version: sql<number>`1`.as('version'),
        createdAt: databaseNow.as('created_at'),
        authenticatedAt: sessions.authenticatedAt,
        rotatedAt: databaseNow.as('rotated_at'),
        expiresAt: expiresAt.as('expires_at'),
        absoluteExpiresAt,
        revokedAt: sql<null>`NULL`.as('revoked_at'),
        device: sessions.device,
        address: sessions.address,
      })
      .from(sessions)
      .innerJoin(users, isTheirs)
      .where(eq(sessions.id, sessionId)),
  )
}
