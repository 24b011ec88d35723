// A session that has not ended, with its account: what tokens are made of.

import { and, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, databaseNow } from './database.ts'
import { decodeRows, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { isEnabled, roleColumns, roleEntries, rolesOf } from './users.ts'

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
}

const liveSessionRow = v.object({
  sessionId: v.string(),
  version: integer,
  authenticatedAt: instant,
  userId: integer,
  email: v.string(),
  ...roleEntries,
  tokenGeneration: v.string(),
})

/** The condition that a session has not ended. */
export const isLiveSession: SQL = sql`(${and(isNull(sessions.revokedAt), gt(sessions.expiresAt, databaseNow))})`

/** The session and its account, unless either is over. */
export function selectLiveSession(sessionId: string) {
  return build
    .select({
      sessionId: sessions.id,
      version: sessions.version,
      authenticatedAt: sessions.authenticatedAt,
      userId: users.id,
      email: users.email,
      ...roleColumns,
      tokenGeneration: users.tokenGeneration,
    })
    .from(sessions)
    .innerJoin(users, and(eq(users.id, sessions.userId), isEnabled))
    .where(and(eq(sessions.id, sessionId), isLiveSession))
}

/** Its answer. */
export function decodeLiveSession(rows: readonly unknown[]): LiveSession | undefined {
  const [row] = decodeRows(liveSessionRow, rows)
  if (!row) return undefined
  const { admin, otherRoles, ...session } = row
  return { ...session, roles: rolesOf({ admin, otherRoles }) }
}
