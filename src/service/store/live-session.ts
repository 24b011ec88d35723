// A session that has not ended, with its account. Tokens are made from these rows.

import { and, eq, gt, isNull, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { build, databaseNow } from './database.ts'
import { isRevokedId } from './revoked-tokens.ts'
import { withRoles } from './roles.ts'
import { decodeRows, instant } from './rows.ts'
import { sessions, users } from './schema.ts'
import {
  isUsableAccount,
  type TokenAccount,
  tokenAccountColumns,
  tokenAccountEntries,
} from './users.ts'

/** A living session and its account, as of now. Everything that a token says comes from here. */
export interface LiveSession extends TokenAccount {
  readonly sessionId: string
  /** When the password was last given, in seconds since 1970. */
  readonly authenticatedAt: number
  /** The latest expiry of the access token that is signed now, in seconds since 1970. */
  readonly tokenExpiresAt: number
}

const liveSessionRow = v.object({
  sessionId: v.string(),
  authenticatedAt: instant,
  ...tokenAccountEntries,
  tokenExpiresAt: instant,
})

/**
 * The condition that a session has not ended. A revocation counts whichever version of the service
 * wrote it.
 */
export const isLiveSession: SQL = sql`(${and(
  isNull(sessions.revokedAt),
  gt(sessions.expiresAt, databaseNow),
  not(isRevokedId(sessions.id)),
)})`

/**
 * The latest expiry of an access token. It is the end of its session, or now plus the maximum token
 * lifetime if that is earlier.
 */
export function latestExpiry(sessionExpiresAt: SQLWrapper) {
  return sql<number>`min(${sessionExpiresAt}, ${databaseNow} + ${maxTokenLifetimeSeconds})`
}

/**
 * The expiry of an access token for which the service requests `tokenExpiresAt`. It is never later
 * than `latestExpiry`.
 */
export function expiryOf(tokenExpiresAt: number, sessionExpiresAt: SQLWrapper) {
  return sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${latestExpiry(sessionExpiresAt)})`
}

/**
 * The columns of a session that gets an access token, for an update. A revocation of the session is
 * kept until `tokensExpireAt`.
 */
export function issuedTokenColumns(tokenExpiresAt: number) {
  const expiresAt = expiryOf(tokenExpiresAt, sessions.expiresAt)
  return {
    tokensIssued: sql<number>`${sessions.tokensIssued} + 1`,
    tokensExpireAt: sql<number>`max(${sessions.tokensExpireAt}, ${expiresAt})`,
  }
}

/**
 * The session and its account, for a batch that has issued a token. No row when the session has
 * ended, or the account may not be used. The token expires no later than the row's new
 * `tokensExpireAt`.
 */
export function selectIssuedSessionStatement(sessionId: string, tokenExpiresAt: number) {
  const { expiresAt, tokensExpireAt } = sessions
  const issued = sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${expiresAt}, ${tokensExpireAt})`
  return selectLiveSessionStatement(sessionId, issued)
}

/** Selects the same for a token that is signed before the batch that issues it. */
export function selectLiveSessionStatement(sessionId: string, tokenExpiresAt: SQL<number>) {
  return build
    .select({
      sessionId: sessions.id,
      authenticatedAt: sessions.authenticatedAt,
      ...tokenAccountColumns,
      tokenExpiresAt,
    })
    .from(sessions)
    .innerJoin(users, and(eq(users.id, sessions.userId), isUsableAccount))
    .where(and(eq(sessions.id, sessionId), isLiveSession))
}

/** Decodes the answer of both statements. */
export function decodeLiveSession(rows: readonly unknown[]): LiveSession | undefined {
  const [row] = decodeRows(liveSessionRow, rows)
  return row && withRoles(row)
}
