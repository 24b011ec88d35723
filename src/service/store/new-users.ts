// New accounts, as rows. One conditional insert decides who gets an email.

import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import { build, databaseNow } from './database.ts'
import { codes } from './mail-schema.ts'
import type { RoleValues } from './roles.ts'
import { users } from './schema.ts'

/** What a new account needs. */
export interface NewUser {
  readonly email: string
  readonly emailNormalized: string
  /** The normalized forms under which an account with this email may be stored. */
  readonly spellings: readonly string[]
  readonly passwordHash: string
  readonly tokenGeneration: string
}

/**
 * Inserts an account unless its email has one, in any spelling. Exactly one of several concurrent
 * calls inserts. An email that an account can take back counts as taken: otherwise a thief who has
 * changed it could register it, and the undo would fail.
 */
export function insertUserStatement({ spellings, ...user }: NewUser & Partial<RoleValues>) {
  // The spelling that has an account. It causes the conflict.
  const taken = build
    .select({ emailNormalized: users.emailNormalized })
    .from(users)
    .where(inArray(users.emailNormalized, [...spellings]))
    .limit(1)
  const reserved = build
    .select({ emailNormalized: users.emailNormalized })
    .from(codes)
    .innerJoin(users, eq(users.id, codes.userId))
    .where(
      and(
        ...[gt(codes.linkExpiresAt, databaseNow), isNull(codes.usedAt)],
        ...[eq(codes.purpose, 'undo_email_change')],
        inArray(codes.newEmailNormalized, [...spellings]),
      ),
    )
    .limit(1)
  const emailNormalized = sql`coalesce((${taken}), (${reserved}), ${user.emailNormalized})`
  return build
    .insert(users)
    .values({ ...user, emailNormalized, registeredAt: databaseNow })
    .onConflictDoNothing({ target: users.emailNormalized })
}
