// The proof that a session was authenticated a short time ago, by its row and the database's clock.

import { type SQL, sql } from 'drizzle-orm'
import { databaseNow } from './database.ts'
import { sessions } from './schema.ts'
import { isExchangeable, type Rotation } from './session-rotation.ts'

/** How far the clock of the database may have been set back since the login, in seconds. */
const maxClockStepSeconds = 60

/**
 * The condition that the login of a session is fresh, and that its refresh token is not used up. So
 * an access token alone changes nothing.
 */
export function isFreshLogin(maxAgeSeconds: number, rotation: Rotation): SQL {
  const oldest = sql`${databaseNow} - ${maxAgeSeconds}`
  const newest = sql`${databaseNow} + ${maxClockStepSeconds}`
  const isRecent = sql`${sessions.authenticatedAt} BETWEEN ${oldest} AND ${newest}`
  return sql`(${isRecent} AND ${isExchangeable(rotation)})`
}
