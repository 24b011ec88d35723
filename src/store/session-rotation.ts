// Refresh tokens are used up and replaced in one batch of conditional statements, so that whatever
// comes at once is told apart by the database alone (RFC 9700 §4.14.2).

import { and, eq, gt, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import {
  decodeLiveSession,
  isLiveSession,
  type LiveSession,
  selectLiveSession,
} from './live-session.ts'
import {
  type Revocation,
  revocationFields,
  revocationResult,
  revocationRow,
  revokeAgain,
} from './revoked-tokens.ts'
import { decodeRows, flag, integer } from './rows.ts'
import { revokedTokens, sessions } from './schema.ts'
import { ended } from './session-endings.ts'

/** A refresh token that is presented, and the rules that it is held against. */
export interface Rotation {
  readonly sessionId: string
  readonly version: number
  /** How long after a rotation those who come late are not taken for thieves. */
  readonly graceSeconds: number
  /** How long the session lives on without another refresh. */
  readonly idleSeconds: number
  /** How long an access token of the session may still live, and its end must be remembered. */
  readonly longestLifetimeSeconds: number
}

/** What becomes of it. */
export type RotationOutcome =
  /** The session has the successor of the presented token as its current one. */
  | { readonly outcome: 'rotated'; readonly session: LiveSession }
  | { readonly outcome: 'reused'; readonly userId: number; readonly revocation: Revocation }
  | { readonly outcome: 'superseded' | 'revoked' | 'expired' | 'unknown' }

const endedRow = v.object({ userId: integer })
const stateRow = v.object({ version: integer, isRevoked: flag, isExpired: flag })

/**
 * Replaces a session's refresh token by its successor, if the presented one is current. One that has
 * been replaced is told the same successor, if that was the last rotation and within the grace
 * window; after the window it ends the session. Atomic; one round trip.
 */
export async function rotateSession(
  database: Database,
  rotation: Rotation,
): Promise<RotationOutcome> {
  const { sessionId, version } = rotation
  const [endings, published, , live, state] = await runBatch(database, [
    endReusedSession(rotation),
    publishEnding(rotation),
    replaceCurrent(rotation),
    selectLiveSession(sessionId),
    selectState(sessionId),
  ])
  const [ending] = decodeRows(endedRow, endings)
  const [revocation] = decodeRows(revocationRow, published)
  if (ending && revocation) return { outcome: 'reused', userId: ending.userId, revocation }
  const session = decodeLiveSession(live)
  if (session?.version === version + 1) return { outcome: 'rotated', session }
  const [found] = decodeRows(stateRow, state)
  if (!found || found.version < version) return { outcome: 'unknown' }
  if (found.isRevoked || (!session && !found.isExpired)) return { outcome: 'revoked' }
  return { outcome: found.isExpired ? 'expired' : 'superseded' }
}

/** Before anything is rotated: a token that was replaced, after the window, is in strange hands. */
function endReusedSession({ sessionId, version, graceSeconds }: Rotation) {
  const isOver = sql`${databaseNow} - ${sessions.rotatedAt} >= ${graceSeconds}`
  return build
    .update(sessions)
    .set(ended)
    .where(and(eq(sessions.id, sessionId), gt(sessions.version, version), isLiveSession, isOver))
    .returning({ userId: sessions.userId })
}

/** Revokes the tokens of the session that the statement before has ended, if it has. */
function publishEnding({ sessionId, longestLifetimeSeconds }: Rotation) {
  const expiresAt = sql<number>`${databaseNow} + ${longestLifetimeSeconds}`
  return build
    .insert(revokedTokens)
    .select(
      build
        .select(revocationFields(sql`${sessionId}`, expiresAt))
        .from(sql`(SELECT 1)`)
        .where(sql`changes() = 1`),
    )
    .onConflictDoUpdate(revokeAgain)
    .returning(revocationResult)
}

function replaceCurrent({ sessionId, version, idleSeconds }: Rotation) {
  return build
    .update(sessions)
    .set({
      version: sql`${sessions.version} + 1`,
      rotatedAt: databaseNow,
      expiresAt: sql`min(${databaseNow} + ${idleSeconds}, ${sessions.absoluteExpiresAt})`,
    })
    .where(and(eq(sessions.id, sessionId), eq(sessions.version, version), isLiveSession))
}

/** Why there is no living session. */
function selectState(sessionId: string) {
  return build
    .select({
      version: sessions.version,
      isRevoked: sql<number>`${sessions.revokedAt} IS NOT NULL`,
      isExpired: sql<number>`${sessions.expiresAt} <= ${databaseNow}`,
    })
    .from(sessions)
    .where(eq(sessions.id, sessionId))
}
