// Accounts, as rows.

import { and, eq, exists, isNotNull, isNull, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { build, type Database, databaseNow, readBatch } from './database.ts'
import { isAnyRevoked } from './revoked-tokens.ts'
import { roleColumns, roleEntries, withRoles } from './roles.ts'
import { decodeRow, decodeRows, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'

/** What is needed to check a password. */
export interface Credentials {
  readonly userId: number
  readonly passwordHash: string
}

/** What `/auth/status` shows of an account. */
export interface Account {
  readonly userId: number
  readonly email: string
  readonly roles: readonly string[]
  /** Seconds since 1970. */
  readonly registeredAt: number
}

export interface NewUser {
  readonly email: string
  readonly emailNormalized: string
  readonly passwordHash: string
  readonly tokenGeneration: string
}

/**
 * The access token of the caller. It may do nothing when any of its ids is revoked, or its
 * generation is not the account's.
 */
export interface CallerToken {
  readonly userId: number
  readonly sessionId: string
  readonly tokenGeneration: string
  readonly revocationIds: readonly string[]
  /** In seconds since 1970. */
  readonly expiresAt: number
  /** How long it is still valid, by the clock of the service; 0 where it has expired. */
  readonly remainingSeconds: number
}

type TokenIds = Pick<CallerToken, 'userId' | 'sessionId' | 'tokenGeneration' | 'revocationIds'>

const credentialsRow = v.object({ userId: integer, passwordHash: v.string() })
const accountAndRevocationRow = v.union([
  v.object({
    userId: integer,
    email: v.string(),
    ...roleEntries,
    registeredAt: instant,
    isRevoked: flag,
  }),
  v.object({ userId: v.null(), isRevoked: flag }),
])

/** The condition that an account may be used. */
export const isEnabledAccount: SQL = isNull(users.disabledAt)

/**
 * The condition that a token is revoked, in a statement that has joined its account. Beside the set
 * of revoked ids its session's row counts, and the account's generation: neither needs an id that
 * is remembered, whatever the clocks say.
 */
export function isRevokedToken(token: TokenIds): SQL {
  const isOfOtherGeneration = sql`coalesce(${users.tokenGeneration} <> ${token.tokenGeneration}, 0)`
  return sql`(${isAnyRevoked(token.revocationIds)} OR ${isEndedSession(token)} OR ${isOfOtherGeneration})`
}

/** The condition that the token's session was ended before its time. */
function isEndedSession({ sessionId }: TokenIds): SQL {
  return exists(
    build
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.id, sessionId), isNotNull(sessions.revokedAt))),
  )
}

/** The condition that a token may act for its account: nothing that it belongs to has ended. */
export function mayActForAccount(token: TokenIds): SQL | undefined {
  return and(hasUnrevokedIds(token), not(isEndedSession(token)))
}

/**
 * The condition that a token's account is enabled and of the token's generation, and that none of
 * the token's ids is revoked. The row of its session does not count.
 */
export function hasUnrevokedIds({
  userId,
  tokenGeneration,
  revocationIds,
}: TokenIds): SQL | undefined {
  const account = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), isEnabledAccount, eq(users.tokenGeneration, tokenGeneration)))
  return and(exists(account), not(isAnyRevoked(revocationIds)))
}

/** Inserts an account unless its email has one: exactly one of several concurrent calls inserts. */
export function insertUserStatement(user: NewUser) {
  return build
    .insert(users)
    .values({ ...user, registeredAt: databaseNow })
    .onConflictDoNothing({ target: users.emailNormalized })
}

/**
 * The credentials of the account with this email, if there is one that is not disabled. One round
 * trip.
 */
export async function findCredentialsByEmail(
  database: Database,
  emailNormalized: string,
): Promise<Credentials | undefined> {
  const { found } = await readBatch(database, {
    found: build
      .select({ userId: users.id, passwordHash: users.passwordHash })
      .from(users)
      .where(and(eq(users.emailNormalized, emailNormalized), isEnabledAccount)),
  })
  return decodeRows(credentialsRow, found)[0]
}

/**
 * The credentials of a token's account. Refuses with 'token_revoked', or with 'account_gone' where
 * the account is not there, or disabled. One round trip.
 */
export async function findCredentialsByToken(
  database: Database,
  token: TokenIds,
): Promise<Result<Credentials, RevocationReason>> {
  const { found } = await readBatch(database, {
    found: build
      .select({
        userId: users.id,
        passwordHash: users.passwordHash,
        isRevoked: sql<number>`${isRevokedToken(token)}`,
      })
      .from(sql`(SELECT 1)`)
      .leftJoin(users, and(eq(users.id, token.userId), isEnabledAccount)),
  })
  const { isRevoked, ...credentials } = decodeRow(credentialsAndRevocationRow, found)
  if (isRevoked) return refuse('token_revoked')
  return credentials.userId === null ? refuse('account_gone') : succeed(credentials)
}

const credentialsAndRevocationRow = v.union([
  v.object({ ...credentialsRow.entries, isRevoked: flag }),
  v.object({ userId: v.null(), isRevoked: flag }),
])

/** A token's account, as of now. Refuses as `findCredentialsByToken`. One statement, one round trip. */
export async function findAccountByToken(
  database: Database,
  token: TokenIds,
): Promise<Result<Account, RevocationReason>> {
  const { found } = await readBatch(database, { found: selectAccountByTokenStatement(token) })
  return decodeAccountByToken(found)
}

/** The statement of `findAccountByToken`, for batches of others. */
export function selectAccountByTokenStatement(token: TokenIds) {
  return build
    .select({
      userId: users.id,
      email: users.email,
      ...roleColumns,
      registeredAt: users.registeredAt,
      isRevoked: sql<number>`${isRevokedToken(token)}`,
    })
    .from(sql`(SELECT 1)`)
    .leftJoin(users, and(eq(users.id, token.userId), isEnabledAccount))
}

/** Its answer. Revoked outranks gone: a revoked token hears so even after its account is deleted. */
export function decodeAccountByToken(rows: readonly unknown[]): Result<Account, RevocationReason> {
  const { isRevoked, ...account } = decodeRow(accountAndRevocationRow, rows)
  if (isRevoked) return refuse('token_revoked')
  if (account.userId === null) return refuse('account_gone')
  return succeed(withRoles(account))
}
