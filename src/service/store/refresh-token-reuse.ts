// When a presented refresh token counts as a copy.
//
// A replaced refresh token is judged by the time of its own replacement. Later events in the
// session do not matter. Let w be the grace window. A token that was replaced less than w ago is
// never reuse. A token that was replaced 3 w ago or more is always reuse. Between w and 3 w, both
// results are possible. Two marks represent the whole history. Versions below `reusedBelow` were
// replaced at least w ago. Versions below `markedVersion` were replaced at `markedAt` or before.

import { and, gt, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { databaseNow } from './database.ts'
import { sessions } from './schema.ts'
import type { TokenAccount } from './users.ts'

/** A presented refresh token, and the rules that apply to it. */
export interface Rotation {
  readonly sessionId: string
  readonly version: number
  /** The grace window in seconds: how long a replaced refresh token gives the same successor. */
  readonly graceSeconds: number
  /** How long the session lives without another refresh, in seconds. */
  readonly idleSeconds: number
  /** The requested expiry of the access token, in seconds since 1970. */
  readonly tokenExpiresAt: number
  /**
   * With an account: the access token is signed and says this. With a number: the token can be
   * signed for at most that many bytes of roles. With 0, the session is only read.
   */
  readonly signed: TokenAccount | number
}

/** How long signing may take between presentation and exchange: two hooks and the round trips. */
const signedWithinSeconds = 15

/**
 * The condition, on its row, that the refresh token of a session is a copy. It is judged as of its
 * presentation: an access token may have been signed since.
 */
export function isCopy(rotation: Rotation): SQL {
  return isReused(whenPresented(rotation))
}

/** The condition that the grace window has passed since an instant. */
export function isOver(instant: SQLWrapper, { graceSeconds }: Rotation): SQL {
  return sql`${databaseNow} - ${instant} >= ${graceSeconds}`
}

/** Extends the grace window by the time for signing: the token was presented before that. */
function whenPresented(rotation: Rotation): Rotation {
  const lateSeconds = typeof rotation.signed === 'object' ? signedWithinSeconds : 0
  return { ...rotation, graceSeconds: rotation.graceSeconds + lateSeconds }
}

/** The condition that the token was replaced too long ago to be presented again. */
export function isReused(rotation: Rotation): SQL {
  const { version } = rotation
  const isOverForIt = or(
    gt(sessions.reusedBelow, version),
    and(gt(sessions.markedVersion, version), isOver(sessions.markedAt, rotation)),
    isOver(sessions.rotatedAt, rotation),
  )
  return sql`(${sessions.version} > ${version} AND ${isOverForIt})`
}
