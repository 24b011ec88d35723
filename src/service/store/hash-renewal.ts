// A stored hash gets the configured form and cost after its password was right: in the same batch
// as what the password was for, by compare-and-swap. The password stays the same, so its version
// stays, too.

import { and, eq, type SQL } from 'drizzle-orm'
import type { Counted } from './attempts.ts'
import { build } from './database.ts'
import { users } from './schema.ts'

/** A hash of the same password, to replace the stored one. */
export interface HashRenewal {
  readonly userId: number
  /** The stored hash, which was checked. */
  readonly from: string
  readonly to: string
}

/** A right password, and the new hash if the stored one is not of the configured form and cost. */
export interface RightPassword<T> extends Counted<T> {
  readonly renewal?: HashRenewal | undefined
}

/**
 * Replaces the hash if it is still the one that was checked, and `isDone` holds. So of several
 * renewals at once exactly one is stored, and a password that was changed meanwhile stays. Without
 * a renewal there is no statement.
 *
 * @param isDone the condition that the batch has done what the password was for
 */
export function hashRenewalStatements(renewal: HashRenewal | undefined, isDone: SQL) {
  if (!renewal) return {}
  const { userId, from, to } = renewal
  return {
    renewed: build
      .update(users)
      .set({ passwordHash: to })
      .where(and(eq(users.id, userId), eq(users.passwordHash, from), isDone)),
  }
}
