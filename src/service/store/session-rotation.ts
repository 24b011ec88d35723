// A refresh replaces the refresh token in one batch of conditional statements. So the database
// alone decides between concurrent requests (RFC 9700 §4.14.2). refresh-token-reuse.ts says when a
// token counts as a copy.

import { and, eq, exists, gte, lt, not, or, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { type AuditEntry, sessionEventStatements } from './audit-events.ts'
import {
  type Answers,
  build,
  type Database,
  databaseNow,
  joinStatements,
  readBatch,
  runBatch,
} from './database.ts'
import {
  decodeLiveSession,
  isLiveSession,
  issuedTokenColumns,
  type LiveSession,
  latestExpiry,
  selectIssuedSessionStatement,
} from './live-session.ts'
import { isCopy, isOver, isReused, type Rotation } from './refresh-token-reuse.ts'
import { isRevokedId, type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { endedColumns, insertEndingRevocationStatement } from './session-endings.ts'
import type { Changed } from './sessions.ts'
import { isSignable, isUsableAccount, type TokenAccount } from './users.ts'

export type { Rotation } from './refresh-token-reuse.ts'

/** Why a refresh token is not exchanged. */
export interface ExchangeRefusal {
  readonly reason:
    | 'refresh_superseded'
    | 'refresh_too_frequent'
    | 'refresh_token_invalid'
    | 'session_revoked'
    | 'session_expired'
}

/** The refresh token was presented after the grace window, so its session was ended. */
export interface Reuse {
  readonly reason: 'refresh_token_reused'
  readonly userId: number
  /** Undefined when every access token of the session has expired. */
  readonly revocation: Revocation | undefined
}

/** The most refreshes of one session within a minute. No client needs more. */
const maxRefreshesPerMinute = 60

const endedRow = v.object({ userId: integer })
const stateRow = v.object({
  version: integer,
  isRevoked: flag,
  isExpired: flag,
  isTooFrequent: flag,
  isReused: flag,
  tokenExpiresAt: instant,
})

/**
 * Replaces a session's refresh token with its successor, if the presented one is current. A token
 * that was replaced within the grace window gets the same successor, if that is current. A token
 * that was replaced long ago ends the session, and that alone is recorded. Atomic; one round trip.
 *
 * @returns the session; the successor of the presented token is now current. Refuses with
 * 'changed', and the session, when only a signed access token is missing
 */
export async function rotateSession(
  database: Database,
  rotation: Rotation,
  entry: AuditEntry,
): Promise<Result<LiveSession, ExchangeRefusal | Changed<LiveSession> | Reuse>> {
  const reuse = {
    ended: updateReusedSessionStatement(rotation),
    ...sessionEventStatements(entry, rotation.sessionId, 'refresh_token_reused'),
    revoked: insertEndingRevocationStatement(rotation.sessionId),
  }
  const statements = joinStatements(reuse, exchangeStatements(rotation))
  const { ended, revoked, ...exchange } = await runBatch(database, statements)
  const [ending] = decodeRows(endedRow, ended)
  const [revocation] = decodeRows(revocationRow, revoked)
  if (ending) return refuse({ reason: 'refresh_token_reused', userId: ending.userId, revocation })
  return decodeExchange(rotation, exchange)
}

/**
 * Exchanges a refresh token after the access token is signed. At presentation, `rotateSession` has
 * already checked the refresh token. This function never ends the session, however long signing
 * took. Atomic; one round trip.
 */
export async function rotateSignedSession(
  database: Database,
  rotation: Rotation & { readonly signed: TokenAccount },
): Promise<Result<LiveSession, ExchangeRefusal | Changed<LiveSession>>> {
  return decodeExchange(rotation, await runBatch(database, exchangeStatements(rotation)))
}

/**
 * The statements of an exchange, for other batches. They change nothing unless `condition` holds;
 * it may refer to the session's row. A reused token does not end the session here.
 */
export function exchangeStatements(rotation: Rotation, condition?: SQL) {
  return {
    rotated: updateVersionStatement(rotation, condition),
    issued: updateIssuedTokensStatement(rotation, condition),
    live: selectIssuedSessionStatement(rotation.sessionId, rotation.tokenExpiresAt),
    state: selectSessionStateStatement(rotation),
  }
}

/** Decodes the answers of `exchangeStatements`. */
export function decodeExchange(
  { version }: Rotation,
  { issued, live, state }: Omit<Answers<ReturnType<typeof exchangeStatements>>, 'rotated'>,
): Result<LiveSession, ExchangeRefusal | Changed<LiveSession>> {
  const session = decodeLiveSession(live)
  if (session && issued.length > 0) return succeed(session)
  const [found] = decodeRows(stateRow, state)
  if (!found || found.version < version) return refuse({ reason: 'refresh_token_invalid' })
  const reason = reasonOf(found, session, version)
  if (reason !== 'refresh_superseded' || !session || found.version > version + 1)
    return refuse({ reason })
  return refuse({ reason: 'changed', read: { ...session, tokenExpiresAt: found.tokenExpiresAt } })
}

/**
 * The session of a presented refresh token, to sign an access token before the exchange. Undefined
 * when the refresh token cannot be exchanged, also when its grace window is over. One round trip.
 */
export async function findSessionToExchange(
  database: Database,
  rotation: Rotation,
): Promise<LiveSession | undefined> {
  const { live, state } = exchangeStatements(rotation)
  const answers = await readBatch(database, { live, state })
  if (decodeRows(stateRow, answers.state)[0]?.isReused) return undefined
  const outcome = decodeExchange(rotation, { ...answers, issued: [] })
  return !outcome.ok && outcome.error.reason === 'changed' ? outcome.error.read : undefined
}

/** Why a known session does not exchange this version of its refresh token. */
function reasonOf(
  found: v.InferOutput<typeof stateRow>,
  session: LiveSession | undefined,
  version: number,
): ExchangeRefusal['reason'] {
  if (found.isRevoked) return 'session_revoked'
  if (found.isExpired) return 'session_expired'
  if (!session) return 'session_revoked'
  return found.isTooFrequent && found.version <= version + 1
    ? 'refresh_too_frequent'
    : 'refresh_superseded'
}

/** Runs before the rotation: a token that was replaced long ago is a stolen copy. */
function updateReusedSessionStatement(rotation: Rotation) {
  return build
    .update(sessions)
    .set(endedColumns)
    .where(and(eq(sessions.id, rotation.sessionId), isLiveSession, isReused(rotation)))
    .returning({ userId: sessions.userId })
}

/** Replaces the refresh token, if it is the current one, and moves the marks. */
function updateVersionStatement(rotation: Rotation, condition: SQL | undefined) {
  const { version } = rotation
  const isLastOver = isOver(sessions.rotatedAt, rotation)
  const isMarkOver = isOver(sessions.markedAt, rotation)
  return build
    .update(sessions)
    .set({
      version: sql`${sessions.version} + 1`,
      rotatedAt: databaseNow,
      expiresAt: prolongedExpiry(rotation),
      reusedBelow: sql`CASE WHEN ${isLastOver} THEN ${sessions.version}
        WHEN ${isMarkOver} THEN ${sessions.markedVersion} ELSE ${sessions.reusedBelow} END`,
      markedVersion: sql`CASE WHEN ${isMarkOver} THEN ${sessions.version} + 1 ELSE ${sessions.markedVersion} END`,
      markedAt: sql`CASE WHEN ${isMarkOver} THEN ${databaseNow} ELSE ${sessions.markedAt} END`,
      // Shows the trigger of migration 3 that this version of the service wrote the row.
      tokensIssued: sql`${sessions.tokensIssued} + 1`,
    })
    .where(and(isRefreshable(rotation), eq(sessions.version, version), condition))
}

/** The condition, on its row, that a session exchanges this version of its refresh token. */
export function isExchangeable(rotation: Rotation): SQL {
  const { version } = rotation
  const isPrevious = and(eq(sessions.version, version + 1), not(isCopy(rotation)))
  return sql`(${or(eq(sessions.version, version), isPrevious)} AND NOT ${isTooFrequent})`
}

/** Issues tokens for the previous refresh token, replaced just now or within the grace window. */
function updateIssuedTokensStatement(rotation: Rotation, condition: SQL | undefined) {
  const { version, tokenExpiresAt } = rotation
  return build
    .update(sessions)
    .set({
      ...issuedTokenColumns(tokenExpiresAt),
      refreshes: sql`CASE WHEN ${isOfThisMinute} THEN ${sessions.refreshes} + 1 ELSE 1 END`,
      refreshesSince: sql`CASE WHEN ${isOfThisMinute} THEN ${sessions.refreshesSince} ELSE ${databaseNow} END`,
    })
    .where(
      and(
        isRefreshable(rotation),
        eq(sessions.version, version + 1),
        typeof rotation.signed === 'object' ? gte(sessions.expiresAt, tokenExpiresAt) : undefined,
        not(isCopy(rotation)),
        condition,
      ),
    )
    .returning({ version: sessions.version })
}

/** When a session ends if it is refreshed now. */
function prolongedExpiry({ idleSeconds }: Rotation): SQL {
  return sql`min(${databaseNow} + ${idleSeconds}, ${sessions.absoluteExpiresAt})`
}

/**
 * The condition that the session may get tokens. None of its ids is revoked, and the access token
 * is signed or can be signed.
 */
function isRefreshable({ sessionId, signed }: Rotation): SQL | undefined {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, sessions.userId), isUsableAccount, isSignable(signed)))
  return and(eq(sessions.id, sessionId), isLiveSession, exists(account), not(isTooFrequent))
}

const isOfThisMinute = lt(databaseNow, sql`${sessions.refreshesSince} + 60`)
const isTooFrequent = sql`(${isOfThisMinute} AND ${sessions.refreshes} >= ${maxRefreshesPerMinute})`

/** Selects why there is no successor, and the latest expiry that the access token would have. */
function selectSessionStateStatement(rotation: Rotation) {
  const { sessionId, version } = rotation
  const end = sql`CASE WHEN ${sessions.version} = ${version} THEN ${prolongedExpiry(rotation)} ELSE ${sessions.expiresAt} END`
  return build
    .select({
      version: sessions.version,
      isRevoked: sql<number>`${sessions.revokedAt} IS NOT NULL OR ${isRevokedId(sessions.id)}`,
      isExpired: sql<number>`${sessions.expiresAt} <= ${databaseNow}`,
      isTooFrequent: sql<number>`${isTooFrequent}`,
      isReused: sql<number>`${isReused(rotation)}`,
      tokenExpiresAt: latestExpiry(end),
    })
    .from(sessions)
    .where(eq(sessions.id, sessionId))
}
