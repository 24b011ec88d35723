// A session that has not ended, with its account: what tokens are made of.

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

/** A living session and its account, as of now: whatever a token says comes from here. */
export interface LiveSession extends TokenAccount {
  readonly sessionId: string
  /** When the password was last given, in seconds since 1970. */
  readonly authenticatedAt: number
  /** When the access token that is signed now expires at the latest, in seconds since 1970. */
  readonly tokenExpiresAt: number
}

const liveSessionRow = v.object({
  sessionId: v.string(),
  authenticatedAt: instant,
  ...tokenAccountEntries,
  tokenExpiresAt: instant,
})

/** The condition that a session has not ended, whoever has revoked it, and by which version. */
export const isLiveSession: SQL = sql`(${and(
  isNull(sessions.revokedAt),
  gt(sessions.expiresAt, databaseNow),
  not(isRevokedId(sessions.id)),
)})`

/**
 * When an access token expires at the latest: never beyond the end of its session, or the greatest
 * lifetime from now.
 */
export function latestExpiry(sessionExpiresAt: SQLWrapper) {
  return sql<number>`min(${sessionExpiresAt}, ${databaseNow} + ${maxTokenLifetimeSeconds})`
}

/** When one expires that the service wants to expire at `tokenExpiresAt`. */
export function expiryOf(tokenExpiresAt: number, sessionExpiresAt: SQLWrapper) {
  return sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${latestExpiry(sessionExpiresAt)})`
}

/**
 * The columns of a session that is given an access token, for an update. A revocation of the
 * session is remembered until `tokensExpireAt`.
 */
export function issuedTokenColumns(tokenExpiresAt: number) {
  const expiresAt = expiryOf(tokenExpiresAt, sessions.expiresAt)
  return {
    tokensIssued: sql<number>`${sessions.tokensIssued} + 1`,
    tokensExpireAt: sql<number>`max(${sessions.tokensExpireAt}, ${expiresAt})`,
  }
}

/**
 * The session and its account, unless either is over; for a batch that has issued a token. The
 * token expires no later than the moment that the session's row now remembers.
 */
export function selectIssuedSessionStatement(sessionId: string, tokenExpiresAt: number) {
  const { expiresAt, tokensExpireAt } = sessions
  const issued = sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${expiresAt}, ${tokensExpireAt})`
  return selectLiveSessionStatement(sessionId, issued)
}

/** The same for a token that is to be signed before the batch that issues it. */
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

/** Its answer. */
export function decodeLiveSession(rows: readonly unknown[]): LiveSession | undefined {
  const [row] = decodeRows(liveSessionRow, rows)
  return row && withRoles(row)
}
