// Accounts, as rows.

import { and, eq, isNull, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { build, type Database, databaseNow, readBatch, runBatch } from './database.ts'
import { anyRevoked } from './revoked-tokens.ts'
import { decodeRow, decodeRows, flag, instant, integer } from './rows.ts'
import { users } from './schema.ts'

/** What is needed to check a password and to issue a token. */
export interface Credentials {
  readonly userId: number
  readonly passwordHash: string
  readonly tokenGeneration: string
}

/** What `/auth/status` shows of an account. */
export interface Account {
  readonly userId: number
  readonly email: string
  readonly admin: boolean
  /** Seconds since 1970. */
  readonly registeredAt: number
}

export interface NewUser {
  readonly email: string
  readonly emailNormalized: string
  readonly passwordHash: string
  readonly tokenGeneration: string
}

/** An account as of now, and whether a token that claims to be its own is revoked. */
export interface AccountAndRevocation {
  readonly account: Account | undefined
  readonly isRevoked: boolean
}

const insertedRow = v.object({ userId: integer })
const credentialsRow = v.object({
  userId: integer,
  passwordHash: v.string(),
  tokenGeneration: v.string(),
})
const accountAndRevocationRow = v.union([
  v.object({
    userId: integer,
    email: v.string(),
    admin: v.boolean(),
    registeredAt: instant,
    isRevoked: flag,
  }),
  v.object({ userId: v.null(), isRevoked: flag }),
])

/**
 * Inserts an account unless its email has one: exactly one of several concurrent calls inserts.
 * Atomic; one round trip.
 *
 * @returns the new user's id, or undefined when the email is taken
 */
export async function insertUser(database: Database, user: NewUser): Promise<number | undefined> {
  const [rows] = await runBatch(database, [
    build
      .insert(users)
      .values({ ...user, registeredAt: databaseNow })
      .onConflictDoNothing({ target: users.emailNormalized })
      .returning({ userId: users.id }),
  ])
  return decodeRows(insertedRow, rows)[0]?.userId
}

/**
 * The credentials of the account with this email, if there is one that is not disabled. One round
 * trip.
 */
export async function findCredentialsByEmail(
  database: Database,
  emailNormalized: string,
): Promise<Credentials | undefined> {
  const [rows] = await readBatch(database, [
    build
      .select({
        userId: users.id,
        passwordHash: users.passwordHash,
        tokenGeneration: users.tokenGeneration,
      })
      .from(users)
      .where(and(eq(users.emailNormalized, emailNormalized), isNull(users.disabledAt))),
  ])
  return decodeRows(credentialsRow, rows)[0]
}

/**
 * The account, if it is there and not disabled, and whether any of the ids is revoked: one
 * statement, one round trip, as of now.
 */
export async function findAccountAndRevocation(
  database: Database,
  userId: number,
  revocationIds: readonly string[],
): Promise<AccountAndRevocation> {
  const [rows] = await readBatch(database, [
    build
      .select({
        userId: users.id,
        email: users.email,
        admin: users.admin,
        registeredAt: users.registeredAt,
        isRevoked: sql<number>`${anyRevoked(revocationIds)}`,
      })
      .from(sql`(SELECT 1)`)
      .leftJoin(users, and(eq(users.id, userId), isNull(users.disabledAt))),
  ])
  const { isRevoked, ...account } = decodeRow(accountAndRevocationRow, rows)
  return { isRevoked, account: account.userId === null ? undefined : account }
}
