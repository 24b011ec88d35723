// A session that has not ended, with its account: what tokens are made of.

import { and, eq, gt, isNull, not, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { maxTokenLifetimeSeconds } from '../../token/token-lifetime.ts'
import { build, databaseNow } from './database.ts'
import { isRevokedId } from './revoked-tokens.ts'
import { roleColumns, roleEntries, withRoles } from './roles.ts'
import { decodeRows, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { isEnabledAccount } from './users.ts'

/** A living session and its account, as of now: whatever a token says comes from here. */
export interface LiveSession {
  readonly sessionId: string
  /** Of the refresh token that is good now. */
  readonly version: number
  /** When the password was last given, in seconds since 1970. */
  readonly authenticatedAt: number
  readonly userId: number
  readonly email: string
  readonly roles: readonly string[]
  readonly tokenGeneration: string
  /** When the access token expires that is to be signed now, in seconds since 1970. */
  readonly tokenExpiresAt: number
}

const liveSessionRow = v.object({
  sessionId: v.string(),
  version: integer,
  authenticatedAt: instant,
  userId: integer,
  email: v.string(),
  ...roleEntries,
  tokenGeneration: v.string(),
  tokenExpiresAt: instant,
})

/** The condition that a session has not ended, whoever has revoked it, and by which version. */
export const isLiveSession: SQL = sql`(${and(
  isNull(sessions.revokedAt),
  gt(sessions.expiresAt, databaseNow),
  not(isRevokedId(sessions.id)),
)})`

/** The condition that an account may be used, and that nobody has revoked its tokens. */
export const isUsableAccount = and(isEnabledAccount, not(isRevokedId(users.tokenGeneration)))

/**
 * When an access token expires that the service wants to expire at `tokenExpiresAt`: never beyond
 * the end of its session, or the greatest lifetime from now.
 */
export function latestExpiry(tokenExpiresAt: number, sessionExpiresAt: SQLWrapper) {
  const latest = sql`${databaseNow} + ${maxTokenLifetimeSeconds}`
  return sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${sessionExpiresAt}, ${latest})`
}

/**
 * The columns of a session that is given an access token, for an update. A revocation of the
 * session is remembered until `tokensExpireAt`.
 */
export function issuedTokenColumns(tokenExpiresAt: number) {
  const expiresAt = latestExpiry(tokenExpiresAt, sessions.expiresAt)
  return {
    tokensIssued: sql<number>`${sessions.tokensIssued} + 1`,
    tokensExpireAt: sql<number>`max(${sessions.tokensExpireAt}, ${expiresAt})`,
  }
}

/**
 * The session and its account, unless either is over; for a batch that has issued a token. The
 * token expires no later than the moment that the session's row now remembers.
 */
export function selectLiveSessionStatement(sessionId: string, tokenExpiresAt: number) {
  return build
    .select({
      sessionId: sessions.id,
      version: sessions.version,
      authenticatedAt: sessions.authenticatedAt,
      userId: users.id,
      email: users.email,
      ...roleColumns,
      tokenGeneration: users.tokenGeneration,
      tokenExpiresAt: sql<number>`min(CAST(${tokenExpiresAt} AS INTEGER), ${sessions.expiresAt}, ${sessions.tokensExpireAt})`,
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
