// How many sessions of one account live at once. A login over the limit ends those whose refresh
// token was used least recently. Otherwise ending all of them at once would hold up every other writer.

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

/** By one login, where the limit is new or lower than it was. The next logins end the rest. */
const maxEndedPerLogin = 1_000

/**
 * Ends what is over the limit, for the batch that has begun a session; nothing where it has not. An
 * ended session is published unless all of its access tokens are over.
 */
export function sessionLimitStatements(sessionId: string, maxSessions: number) {
  const surplus = selectSurplusStatement(sessionId, maxSessions)
  return {
    // First: to publish a session does not change which ones are over the limit, to end it does.
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

/** All but those whose refresh token was used last. A password that is given again does not count. */
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
    // In the order of the index: no more rows are read than that.
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
