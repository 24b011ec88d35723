// Ends all sessions and tokens of an account at once, as rows. The generation that is in all of its
// tokens is revoked and replaced. This takes one row, however many sessions there were.

import { and, eq, exists, gt, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import {
  type Answers,
  build,
  type Database,
  databaseNow,
  joinStatements,
  runBatch,
} from './database.ts'
import { isLiveSession, type LiveSession } from './live-session.ts'
import { isCopy } from './refresh-token-reuse.ts'
import {
  isRevokedId,
  type Revocation,
  revocationColumns,
  revocationResultColumns,
  revocationRow,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { decodeRows } from './rows.ts'
import { revokedTokens, sessions, users } from './schema.ts'
import { endedColumns } from './session-endings.ts'
import { decodeExchange, exchangeStatements, type Rotation } from './session-rotation.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  mayActForAccount,
  selectAccountByTokenStatement,
} from './users.ts'

/** Which sessions of an account end, and what the caller keeps. */
export interface LogoutEverywhere {
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  /** Whether the caller's own session continues. */
  readonly keepCurrent: boolean
  /** The refresh token of that session, if it was also presented. A copy ends the session. */
  readonly rotation: Rotation | undefined
  readonly entry: AuditEntry
}

/** The result after the sessions of an account have ended. */
export interface EndedEverywhere {
  readonly revocation: Revocation
  /** The caller's session, if its refresh token was presented and exchanged. */
  readonly session: LiveSession | undefined
  /** Whether the caller's session continues. */
  readonly isKept: boolean
}

/**
 * How often in a minute a logout everywhere can keep the caller's session. The next one ends that
 * session as well, even with `keepCurrent`.
 */
const maxKeptPerMinute = 2

/**
 * Ends the sessions of the caller's account. Its generation is revoked and replaced, which ends
 * every access token. The caller's own session may continue. If its refresh token is presented, the
 * same batch exchanges it. Exactly one of several concurrent calls succeeds. The others are refused
 * with 'token_revoked'. Refuses with 'account_gone' when the account does not exist, or is
 * disabled. Records the success. Atomic; one round trip.
 */
export async function endAllSessions(
  database: Database,
  caller: CallerToken,
  logout: LogoutEverywhere,
): Promise<Result<EndedEverywhere, RevocationReason>> {
  const { tokenGeneration, rotation } = logout
  const ending = endingStatements(caller, logout)
  if (!rotation) return decodeEnding(await runBatch(database, ending))
  const exchange = exchangeStatements(rotation, isOfGeneration(tokenGeneration))
  const answers = await runBatch(database, joinStatements(ending, exchange))
  const exchanged = decodeExchange(rotation, answers)
  return decodeEnding(answers, exchanged.ok ? exchanged.value : undefined)
}

function endingStatements(
  caller: CallerToken,
  { tokenGeneration, keepCurrent, rotation, entry }: LogoutEverywhere,
) {
  const { userId, sessionId } = caller
  const whose = eq(users.id, userId)
  const isTooOften = sql`${users.logoutsEverywhere} > ${maxKeptPerMinute}`
  const isStolen = rotation && isCopy(rotation)
  const isEnding = keepCurrent ? or(ne(sessions.id, sessionId), isTooOften, isStolen) : undefined
  return {
    revoked: insertGenerationRevocationStatement(and(whose, mayActForAccount(caller))),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, sessionId }),
    replaced: updateRevokedGenerationStatement(whose, { tokenGeneration, ...countedLogoutColumns }),
    ended: updateEndedSessionsStatement(whose, tokenGeneration, isEnding),
    kept: build
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.id, sessionId), isLiveSession)),
    found: selectAccountByTokenStatement(caller),
  }
}

function decodeEnding(
  { revoked, kept, found }: Answers<ReturnType<typeof endingStatements>>,
  session?: LiveSession,
): Result<EndedEverywhere, RevocationReason> {
  const [revocation] = decodeRows(revocationRow, revoked)
  if (revocation) return succeed({ revocation, session, isKept: kept.length > 0 })
  const account = decodeAccountByToken(found)
  return account.ok ? refuse('account_gone') : account
}

/**
 * Revokes the generation of the account that the condition selects, and so every token with it. The
 * revocation is kept until the last token of the account's living sessions has expired. Ended
 * sessions are published already, or their tokens have expired. An account without living sessions
 * may have tokens of a version before 0.4. Its revocation is kept for the maximum token lifetime.
 */
export function insertGenerationRevocationStatement(whose: SQL | undefined) {
  const latest = build
    .select({ at: sql`max(max(${sessions.tokensExpireAt}), ${databaseNow})`.as('at') })
    .from(sessions)
    .where(and(eq(sessions.userId, users.id), gt(sessions.expiresAt, databaseNow)))
  const tokensExpireAt = sql`coalesce(${latest}, ${databaseNow} + ${maxTokenLifetimeSeconds})`
  return build
    .insert(revokedTokens)
    .select(
      build
        .select(revocationColumns(users.tokenGeneration, tokensExpireAt))
        .from(users)
        .where(whose),
    )
    .onConflictDoUpdate(revokedAgainUpdate)
    .returning(revocationResultColumns)
}

/** Gives the account a fresh generation, if its current one is revoked. */
export function updateRevokedGenerationStatement(
  whose: SQL | undefined,
  change: { readonly tokenGeneration: string } & Partial<typeof countedLogoutColumns>,
) {
  return build
    .update(users)
    .set(change)
    .where(and(whose, isRevokedId(users.tokenGeneration)))
}

/**
 * Ends every session of the account that the condition selects, if its generation is now
 * `tokenGeneration`. With `isEnding`, only the sessions that satisfy it. It may refer to the rows of
 * the session and of the account.
 */
export function updateEndedSessionsStatement(whose: SQL, tokenGeneration: string, isEnding?: SQL) {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(whose, eq(users.tokenGeneration, tokenGeneration), isEnding))
  return build
    .update(sessions)
    .set(endedColumns)
    .where(and(inArray(sessions.userId, account), isLiveSession))
}

/** The condition that the account of a session has this generation. */
export function isOfGeneration(tokenGeneration: string): SQL {
  return exists(
    build
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.id, sessions.userId), eq(users.tokenGeneration, tokenGeneration))),
  )
}

const isOfThisMinute = sql`${databaseNow} < ${users.logoutsEverywhereSince} + 60`
const countedLogoutColumns = {
  logoutsEverywhere: sql`CASE WHEN ${isOfThisMinute} THEN ${users.logoutsEverywhere} + 1 ELSE 1 END`,
  logoutsEverywhereSince: sql`CASE WHEN ${isOfThisMinute} THEN ${users.logoutsEverywhereSince} ELSE ${databaseNow} END`,
}
