// Limits how many sessions of one account live at once. A login over the limit ends the sessions
// whose refresh token was used least recently. Without a limit, ending all sessions at once would
// block every other writer.

import { and, desc, eq, gt, inArray, isNull, ne, sql } from 'drizzle-orm'
import { build, databaseNow } from './database.ts'
import {
  mayBeAccepted,
  revocationColumns,
  revocationResultColumns,
  revokedAgainUpdate,
} from './revoked-tokens.ts'
import { revokedTokens, sessions } from './schema.ts'
import { endedColumns } from './session-endings.ts'

/**
 * How many sessions one login ends at most. This matters when the limit is new or lower than
 * before. The next logins end the rest.
 */
const maxEndedPerLogin = 1_000

/**
 * Ends the sessions over the limit, for the batch that has begun a session. Does nothing when that
 * batch has begun none. An ended session is published, unless all of its access tokens have
 * expired.
 */
export function sessionLimitStatements(sessionId: string, maxSessions: number) {
  const surplus = selectSurplusStatement(sessionId, maxSessions)
  return {
    // Publishing comes first: it does not change which sessions are over the limit. Ending a
    // session does.
    surplusRevoked: build
      .insert(revokedTokens)
      .select(
        build
          .select(revocationColumns(sessions.id, sessions.tokensExpireAt))
          .from(sessions)
          .where(and(inArray(sessions.id, surplus), mayBeAccepted(sessions.tokensExpireAt))),
      )
      .onConflictDoUpdate(revokedAgainUpdate)
      .returning(revocationResultColumns),
    surplusEnded: build.update(sessions).set(endedColumns).where(inArray(sessions.id, surplus)),
  }
}

/**
 * All sessions except those whose refresh token was used most recently. Giving the password again
 * does not count as a use.
 */
function selectSurplusStatement(sessionId: string, maxSessions: number) {
  const owner = build
    .select({ userId: sessions.userId })
    .from(sessions)
    .where(eq(sessions.id, sessionId))
  const others = build
    .select({ id: sessions.id, rotatedAt: sessions.rotatedAt })
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, sql`(${owner})`),
        ...[gt(sessions.expiresAt, databaseNow), isNull(sessions.revokedAt)],
        ne(sessions.id, sessionId),
      ),
    )
    // In the order of the index, so that the database reads no more rows than the limit.
    .orderBy(desc(sessions.expiresAt), desc(sessions.id))
    .limit(maxSessions - 1 + maxEndedPerLogin)
    .as('others_subquery')
  return build
    .select({ id: others.id })
    .from(others)
    .orderBy(desc(others.rotatedAt), others.id)
    .limit(maxEndedPerLogin)
    .offset(maxSessions - 1)
}
