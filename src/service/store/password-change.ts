// A user changes the password of an account, as rows. The condition of the first statement decides,
// and each later statement asks whether it was met. So of several concurrent changes exactly one
// succeeds, and nothing happens for a stolen token without a proof.

import { and, eq, exists, gte, ne, or, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import {
  type ChangeReason,
  type Result,
  type RevocationReason,
  refuse,
  succeed,
} from '../../errors/reasons.ts'
import {
  insertGenerationRevocationStatement,
  isOfGeneration,
  updateEndedSessionsStatement,
} from './account-endings.ts'
import { type Counted, rightAttemptStatement } from './attempts.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { type Answers, build, type Database, runBatch, type Statements } from './database.ts'
import { isFreshLogin } from './fresh-login.ts'
import { isLiveSession, type LiveSession } from './live-session.ts'
import { type Notice, noticeStatements } from './outgoing-mail.ts'
import { confirmedColumns, type SessionToConfirm } from './password-checks.ts'
import { isCopy } from './refresh-token-reuse.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows, flag, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { decodeExchange, exchangeStatements, type Rotation } from './session-rotation.ts'
import {
  type CallerToken,
  decodeAccountByToken,
  isAccountAsSigned,
  mayActForAccount,
  newPasswordColumns,
  selectAccountByTokenStatement,
} from './users.ts'

/** The session was authenticated a short time ago, and the change has its refresh token. */
interface FreshLogin {
  /** How long ago at most, in seconds. */
  readonly maxAgeSeconds: number
}

/** The old password was given, and was right. An access token is signed for the session. */
interface ConfirmedPassword {
  readonly confirmed: Counted<SessionToConfirm>
  readonly tokenExpiresAt: number
}

/** Why the caller may change the password. */
type Proof = FreshLogin | ConfirmedPassword

/** The change of a password. */
export interface PasswordChange {
  /** The hash of the new password. */
  readonly passwordHash: string
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  /** Whether the other sessions continue. */
  readonly keepsSessions: boolean
  readonly proof: Proof
  /**
   * The refresh token of the caller's session, if it was presented and can be exchanged. Part of
   * the proof after a fresh login.
   */
  readonly rotation: Rotation | undefined
  /** The mail that tells the owner, if the service sends mail. */
  readonly notice: Notice | undefined
  readonly entry: AuditEntry
}

/** The result after the password has changed. */
export interface ChangedPassword {
  readonly revocation: Revocation
  readonly email: string
  readonly passwordVersion: number
  /** The caller's session, if its refresh token was presented and exchanged. */
  readonly session: LiveSession | undefined
  /** Whether the caller's session has ended, because its refresh token is a copy. */
  readonly isEnded: boolean
}

const changedRow = v.object({ email: v.string(), passwordVersion: integer })
const currentRow = v.object({ isFresh: flag })

/**
 * Changes the password of the caller's account. Its generation is revoked and replaced, which ends
 * every access token. The caller's session continues, and the others end unless they are kept. If
 * the session's refresh token is presented, the same batch exchanges it. If that is a copy, the
 * caller's session ends, too.
 *
 * Exactly one of several concurrent calls succeeds. The others are refused with 'token_revoked'.
 * Refuses with 'account_gone' when the account does not exist, or is disabled. Refuses with
 * 'login_not_fresh', by the row of the session and the clock of the database. The same when the
 * refresh token of a fresh login cannot be exchanged. Refuses with 'account_changing' when the
 * password or the roles are no longer those that were read. A refusal changes nothing. Records the
 * success. Atomic; one round trip.
 */
export async function updatePassword(
  database: Database,
  caller: CallerToken,
  change: PasswordChange,
): Promise<Result<ChangedPassword, RevocationReason | ChangeReason | 'login_not_fresh'>> {
  const changing = changingStatements(caller, change)
  const { rotation, tokenGeneration } = change
  if (!rotation) return decodeChange(await runBatch(database, changing))
  const exchange = exchangeStatements(rotation, isOfGeneration(tokenGeneration))
  const answers = await runBatch(database, { ...changing, ...exchange })
  const exchanged = decodeExchange(rotation, answers)
  return decodeChange(answers, exchanged.ok ? exchanged.value : undefined)
}

function changingStatements(caller: CallerToken, change: PasswordChange) {
  const { tokenGeneration, passwordHash, proof, entry } = change
  const attemptSeq = 'confirmed' in proof ? proof.confirmed.attempt.seq : undefined
  const { userId, sessionId } = caller
  const whose = eq(users.id, userId)
  const ending = updateEndedSessionsStatement(whose, tokenGeneration, isEnding(caller, change))
  return {
    revoked: insertGenerationRevocationStatement(and(whose, mayChange(caller, change))),
    // Only right after a revocation by this batch. That another one has revoked the generation is
    // no permission.
    replaced: build
      .update(users)
      .set({ tokenGeneration, ...newPasswordColumns(passwordHash) })
      .where(and(whose, sql`changes() > 0`))
      .returning({ email: users.email, passwordVersion: users.passwordVersion }),
    ...auditStatements('recorded', entry, { outcome: 'success', userId, sessionId, attemptSeq }),
    ...confirmingStatements(caller, change),
    ...noticeStatements(change.notice, and(whose, eq(users.tokenGeneration, tokenGeneration))),
    ending,
    found: selectAccountByTokenStatement(caller),
    current: build
      .select({ isFresh: sql<number>`${isFresh(change) ?? 1}` })
      .from(sessions)
      .where(and(eq(sessions.id, sessionId), isLiveSession)),
  }
}

/**
 * The condition that a session ends: another one, unless these are kept. The caller's own one ends
 * if its refresh token is presented and is a copy, as at a refresh.
 */
function isEnding(
  { sessionId }: CallerToken,
  { keepsSessions, rotation }: PasswordChange,
): SQL | undefined {
  const isOwn = eq(sessions.id, sessionId)
  const isStolen = rotation ? and(isOwn, isCopy(rotation)) : undefined
  return or(keepsSessions ? sql`0` : ne(sessions.id, sessionId), isStolen)
}

/** Must come right after the change, because the first one asks whether there was one. */
function confirmingStatements(
  { sessionId }: CallerToken,
  { proof, tokenGeneration }: PasswordChange,
): Statements {
  if (!('confirmed' in proof)) return {}
  const { confirmed, tokenExpiresAt } = proof
  return {
    right: rightAttemptStatement(confirmed.attempt),
    confirmed: build
      .update(sessions)
      .set(confirmedColumns(confirmed.found.authenticatedAt, tokenExpiresAt))
      .where(and(eq(sessions.id, sessionId), isOfGeneration(tokenGeneration))),
  }
}

/** The condition that the caller may change the password, on the row of the account. */
function mayChange(caller: CallerToken, change: PasswordChange): SQL | undefined {
  const { proof } = change
  const session = and(eq(sessions.id, caller.sessionId), eq(sessions.userId, caller.userId))
  const isReady =
    'confirmed' in proof ? gte(sessions.expiresAt, proof.tokenExpiresAt) : isFresh(change)
  const living = build
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(session, isLiveSession, isReady))
  return and(mayActForAccount(caller), exists(living), isAsRead(caller, change))
}

/**
 * The condition that the account has the password that was checked, and the roles of the token. A
 * hash of the same password that was renewed meanwhile is no change.
 */
function isAsRead(
  { tokenGeneration }: CallerToken,
  { proof, rotation }: PasswordChange,
): SQL | undefined {
  if (!('confirmed' in proof)) {
    const signed = rotation?.signed
    // The token is signed for the generation that the change gives.
    return typeof signed === 'object'
      ? isAccountAsSigned({ ...signed, tokenGeneration })
      : undefined
  }
  const { found } = proof.confirmed
  return and(eq(users.passwordVersion, found.passwordVersion), isAccountAsSigned(found))
}

/**
 * The condition that the login of a session is fresh, and that the refresh token is not used up. So
 * an access token alone changes nothing. Undefined if the old password was given.
 */
function isFresh({ proof, rotation }: PasswordChange): SQL | undefined {
  if ('confirmed' in proof) return undefined
  if (!rotation) return sql`0`
  return isFreshLogin(proof.maxAgeSeconds, rotation)
}

function decodeChange(
  { revoked, replaced, found, current }: Answers<ReturnType<typeof changingStatements>>,
  session?: LiveSession,
): Result<ChangedPassword, RevocationReason | ChangeReason | 'login_not_fresh'> {
  const [revocation] = decodeRows(revocationRow, revoked)
  const [changed] = decodeRows(changedRow, replaced)
  const [state] = decodeRows(currentRow, current)
  if (revocation && changed) {
    return succeed({ revocation, ...changed, session, isEnded: state === undefined })
  }
  const account = decodeAccountByToken(found)
  if (!account.ok) return account
  if (!state) return refuse('token_revoked')
  return refuse(state.isFresh ? 'account_changing' : 'login_not_fresh')
}
