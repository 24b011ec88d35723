// Refresh tokens are used up and replaced in one batch of conditional statements, so that whatever
// comes at once is told apart by the database alone (RFC 9700 §4.14.2).
//
// A refresh token that was replaced is judged by its own replacement, whatever has happened to the
// session since: less than the grace window w ago it is never reuse, 3 w ago or more it always is.
// In between either may come. Two marks stand for the whole history: versions below `reusedBelow`
// were replaced at least w ago; versions below `markedVersion` were replaced at `markedAt` or
// before.

import { and, eq, exists, gt, gte, lt, not, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
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
import { isRevokedId, type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { endedColumns, insertEndingRevocationStatement } from './session-endings.ts'
import type { Changed } from './sessions.ts'
import { isAccountAsSigned, isUsableAccount, type TokenAccount } from './users.ts'

/** A refresh token that is presented, and the rules that it is held against. */
export interface Rotation {
  readonly sessionId: string
  readonly version: number
  /** The grace window: how long after its replacement a refresh token gives the same successor. */
  readonly graceSeconds: number
  /** How long the session lives on without another refresh. */
  readonly idleSeconds: number
  /** When the access token is to expire, in seconds since 1970. */
  readonly tokenExpiresAt: number
  /**
   * What must be certain before anything is committed: the access token is signed, and this is what
   * it says; or it can be signed for at most so many bytes of roles. With 0, the session is read.
   */
  readonly signed: TokenAccount | number
}

/** Why it is not exchanged. */
export interface ExchangeRefusal {
  readonly reason:
    | 'refresh_superseded'
    | 'refresh_too_frequent'
    | 'refresh_token_invalid'
    | 'session_revoked'
    | 'session_expired'
}

/** It was presented long after its replacement, and has ended its session. */
export interface Reuse {
  readonly reason: 'refresh_token_reused'
  readonly userId: number
  /** None, where every access token of the session is over. */
  readonly revocation: Revocation | undefined
}

/** How long before the exchange a token may have been presented that is signed for it: two hooks, and round trips. */
const signedWithinSeconds = 15

/** More refreshes of one session within a minute are refused: no client needs so many. */
const maxRefreshesPerMinute = 60

const endedRow = v.object({ userId: integer })
const stateRow = v.object({
  version: integer,
  isRevoked: flag,
  isExpired: flag,
  isTooFrequent: flag,
  tokenExpiresAt: instant,
})

/**
 * Replaces a session's refresh token by its successor, if the presented one is current. One that
 * was replaced within the grace window gets the same successor, if that is current. One that was
 * replaced long ago ends the session. Atomic; one round trip.
 *
 * @returns the session, with the successor of the presented token as its current one. Refuses with
 * 'changed', and the session, where all it lacks is an access token that is signed for it
 */
export async function rotateSession(
  database: Database,
  rotation: Rotation,
): Promise<Result<LiveSession, ExchangeRefusal | Changed<LiveSession> | Reuse>> {
  const reuse = {
    ended: updateReusedSessionStatement(rotation),
    revoked: insertEndingRevocationStatement(rotation.sessionId),
  }
  const { ended, revoked, ...exchange } = await runBatch(
    database,
    joinStatements(reuse, exchangeStatements(rotation)),
  )
  const [ending] = decodeRows(endedRow, ended)
  const [revocation] = decodeRows(revocationRow, revoked)
  if (ending) return refuse({ reason: 'refresh_token_reused', userId: ending.userId, revocation })
  return decodeExchange(rotation, exchange)
}

/**
 * The same once the access token is signed, for a refresh token that `rotateSession` has judged when
 * it was presented: it ends nothing, however long signing took. Atomic; one round trip.
 */
export async function rotateSignedSession(
  database: Database,
  rotation: Rotation & { readonly signed: TokenAccount },
): Promise<Result<LiveSession, ExchangeRefusal | Changed<LiveSession>>> {
  return decodeExchange(rotation, await runBatch(database, exchangeStatements(rotation)))
}

/**
 * The statements that exchange a refresh token, for batches of others. They do nothing unless
 * `condition` holds, which may speak of the session's row; a used token ends nothing here.
 */
export function exchangeStatements(rotation: Rotation, condition?: SQL) {
  return {
    rotated: updateVersionStatement(rotation, condition),
    issued: updateIssuedTokensStatement(rotation, condition),
    live: selectIssuedSessionStatement(rotation.sessionId, rotation.tokenExpiresAt),
    state: selectSessionStateStatement(rotation),
  }
}

/** Their answers. */
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
 * The session of a refresh token that is presented, for an access token that is signed before the
 * exchange; nothing where the token would not be exchanged. One round trip.
 */
export async function findSessionToExchange(
  database: Database,
  rotation: Rotation,
): Promise<LiveSession | undefined> {
  const { live, state } = exchangeStatements(rotation)
  const answers = await readBatch(database, { live, state })
  const outcome = decodeExchange(rotation, { ...answers, issued: [] })
  return !outcome.ok && outcome.error.reason === 'changed' ? outcome.error.read : undefined
}

/** Why a session that is known gives nothing for this version of its refresh token. */
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

/** Whether the grace window has passed since a moment. */
function isOver(instant: SQLWrapper, { graceSeconds }: Rotation): SQL {
  return sql`${databaseNow} - ${instant} >= ${graceSeconds}`
}

/** A token that was within the window when it was presented still is when its access token is signed. */
function whenPresented(rotation: Rotation): Rotation {
  const lateSeconds = typeof rotation.signed === 'object' ? signedWithinSeconds : 0
  return { ...rotation, graceSeconds: rotation.graceSeconds + lateSeconds }
}

/** Before anything is rotated: a token that was replaced long ago is a copy in strange hands. */
function updateReusedSessionStatement(rotation: Rotation) {
  return build
    .update(sessions)
    .set(endedColumns)
    .where(and(eq(sessions.id, rotation.sessionId), isLiveSession, isReused(rotation)))
    .returning({ userId: sessions.userId })
}

/** The condition that the token was replaced too long ago to be presented again. */
function isReused(rotation: Rotation): SQL {
  const { version } = rotation
  const isOverForIt = or(
    gt(sessions.reusedBelow, version),
    and(gt(sessions.markedVersion, version), isOver(sessions.markedAt, rotation)),
    isOver(sessions.rotatedAt, rotation),
  )
  return sql`(${sessions.version} > ${version} AND ${isOverForIt})`
}

/** Replaces the token, if it is the current one, and moves the marks. */
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
      // Tells that it was this version of the service (the trigger of migration 3).
      tokensIssued: sql`${sessions.tokensIssued} + 1`,
    })
    .where(and(isRefreshable(rotation), eq(sessions.version, version), condition))
}

/**
 * Issues tokens to whoever has presented the token before the current one: it was replaced just
 * now, or less than the grace window ago.
 */
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
        not(isReused(whenPresented(rotation))),
        condition,
      ),
    )
    .returning({ version: sessions.version })
}

/** When a session ends that is refreshed now. */
function prolongedExpiry({ idleSeconds }: Rotation): SQL {
  return sql`min(${databaseNow} + ${idleSeconds}, ${sessions.absoluteExpiresAt})`
}

/**
 * The condition that the session may be given tokens: nobody has revoked any id of theirs, and the
 * access token is signed, or can be.
 */
function isRefreshable({ sessionId, signed }: Rotation): SQL | undefined {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, sessions.userId), isUsableAccount, isSignable(signed)))
  return and(eq(sessions.id, sessionId), isLiveSession, exists(account), not(isTooFrequent))
}

/** Roles are words between spaces, and in a token words in quotes between commas. */
function isSignable(signed: TokenAccount | number): SQL | undefined {
  if (typeof signed === 'object') return isAccountAsSigned(signed)
  const quoted = sql`json_quote(replace(${users.otherRoles}, ' ', '   '))`
  return sql`length(CAST(${quoted} AS BLOB)) + 8 * ${users.admin} <= ${signed}`
}

const isOfThisMinute = lt(databaseNow, sql`${sessions.refreshesSince} + 60`)
const isTooFrequent = sql`(${isOfThisMinute} AND ${sessions.refreshes} >= ${maxRefreshesPerMinute})`

/** Why there is no successor, and when the access token would expire at the latest. */
function selectSessionStateStatement(rotation: Rotation) {
  const { sessionId, version } = rotation
  const end = sql`CASE WHEN ${sessions.version} = ${version} THEN ${prolongedExpiry(rotation)} ELSE ${sessions.expiresAt} END`
  return build
    .select({
      version: sessions.version,
      isRevoked: sql<number>`${sessions.revokedAt} IS NOT NULL OR ${isRevokedId(sessions.id)}`,
      isExpired: sql<number>`${sessions.expiresAt} <= ${databaseNow}`,
      isTooFrequent: sql<number>`${isTooFrequent}`,
      tokenExpiresAt: latestExpiry(end),
    })
    .from(sessions)
    .where(eq(sessions.id, sessionId))
}
