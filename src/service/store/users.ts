// Account rows.

import { and, eq, exists, isNotNull, isNull, not, type SQL, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { noPassword } from '../../crypto/no-password.ts'
import { type Result, type RevocationReason, refuse, succeed } from '../../errors/reasons.ts'
import { build, type Database, databaseNow, readBatch } from './database.ts'
import { isAnyRevoked, isRevokedId } from './revoked-tokens.ts'
import { roleColumns, roleEntries, withRoles } from './roles.ts'
import { decodeRow, decodeRows, flag, instant, integer } from './rows.ts'
import { sessions, users } from './schema.ts'
import { isSuppressed } from './suppressed-addresses.ts'

/** The version of the password that a new account has, by the schema. */
export const firstPasswordVersion = 1

/** What is needed to check a password. */
interface Credentials {
  readonly userId: number
  readonly passwordHash: string
}

/** What an access token says about an account. */
export interface TokenAccount {
  readonly userId: number
  readonly email: string
  readonly roles: readonly string[]
  /** The role columns as one text, to detect any change of the roles. */
  readonly rolesText: string
  readonly tokenGeneration: string
  /** When somebody last proved that the email receives mail; null if nobody has. */
  readonly emailVerifiedAt: number | null
}

/** An account with what is needed to check its password and to sign a token for it. */
export interface CheckedAccount extends TokenAccount, Credentials {
  /** Grows with each change of the password. */
  readonly passwordVersion: number
  /** When it was read, by the database's clock, in seconds since 1970. */
  readonly readAt: number
  /** When it is deleted, in seconds since 1970, unless its owner logs in before; null: never. */
  readonly deletionDueAt: number | null
  /** Whether the provider of the email refuses mail to it for good. */
  readonly isEmailRefused: boolean
}

/** What `/auth/status` shows of an account. */
export interface Account {
  readonly userId: number
  readonly email: string
  readonly roles: readonly string[]
  /** Seconds since 1970. */
  readonly registeredAt: number
  /** When somebody last proved that the email receives mail; null if nobody has. */
  readonly emailVerifiedAt: number | null
  /** The language of its mails; null: that of the request that causes one. */
  readonly language: string | null
  readonly hasPassword: boolean
}

/**
 * The access token of the caller. It is refused when any of its ids is revoked, or its generation
 * is not the account's.
 */
export interface CallerToken {
  readonly userId: number
  readonly sessionId: string
  readonly tokenGeneration: string
  readonly revocationIds: readonly string[]
  /** In seconds since 1970. */
  readonly expiresAt: number
  /** How many seconds it is still valid, by the clock of the service; 0 when it has expired. */
  readonly remainingSeconds: number
}

type TokenIds = Pick<CallerToken, 'userId' | 'sessionId' | 'tokenGeneration' | 'revocationIds'>

const accountAndRevocationRow = v.union([
  v.object({
    userId: integer,
    email: v.string(),
    ...roleEntries,
    registeredAt: instant,
    emailVerifiedAt: v.nullable(instant),
    language: v.nullable(v.string()),
    hasPassword: flag,
    isRevoked: flag,
  }),
  v.object({ userId: v.null(), isRevoked: flag }),
])

const rolesText = sql<string>`${users.admin} || ${users.otherRoles}`

/** The columns of a `TokenAccount`, for a select, and the shape of its row. */
export const tokenAccountColumns = {
  ...{ userId: users.id, email: users.email, ...roleColumns, rolesText },
  tokenGeneration: users.tokenGeneration,
  emailVerifiedAt: users.emailVerifiedAt,
}
export const tokenAccountEntries = {
  ...{ userId: integer, email: v.string(), ...roleEntries, rolesText: v.string() },
  tokenGeneration: v.string(),
  emailVerifiedAt: v.nullable(instant),
}
const checkedAccountRow = v.object({
  ...{ ...tokenAccountEntries, passwordHash: v.string(), passwordVersion: integer },
  readAt: instant,
  deletionDueAt: v.nullable(instant),
  isEmailRefused: flag,
})

/** The columns of an account whose password changes, for an update. Its device tokens are void. */
export function newPasswordColumns(passwordHash: string) {
  return { passwordHash, passwordVersion: sql`${users.passwordVersion} + 1` }
}

/** The condition that an account is not disabled. */
export const isEnabledAccount: SQL = isNull(users.disabledAt)

/** The condition that nobody has accepted the invitation to an account. */
export const isInvitation = and(eq(users.passwordHash, noPassword), isNull(users.emailVerifiedAt))

/** The condition that an account is not disabled, and that its generation is not revoked. */
export const isUsableAccount = and(isEnabledAccount, not(isRevokedId(users.tokenGeneration)))

/**
 * The condition that a signed token still matches its account: the same generation and the same
 * roles.
 */
export function isAccountAsSigned(signed: TokenAccount): SQL | undefined {
  return and(
    eq(users.tokenGeneration, signed.tokenGeneration),
    sql`${rolesText} = ${signed.rolesText}`,
  )
}

/**
 * The condition that a signed token still matches its account. With a number: that its roles take
 * at most so many bytes of a token, so that one can be signed.
 */
export function isSignable(signed: TokenAccount | number): SQL | undefined {
  if (typeof signed === 'object') return isAccountAsSigned(signed)
  // The column separates roles with spaces. In a token, roles are quoted and separated by commas.
  const quoted = sql`json_quote(replace(${users.otherRoles}, ' ', '   '))`
  return sql`length(CAST(${quoted} AS BLOB)) + 8 * ${users.admin} <= ${signed}`
}

/**
 * The condition that a token is revoked, in a statement that has joined its account. A token is
 * revoked when one of its ids is in the set of revoked ids. It is also revoked when its session has
 * ended, or when the account has another generation. These two checks do not depend on how long the
 * set keeps an id, or on clocks.
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

/**
 * The condition that a token may act for its account. Neither the token nor its session is revoked,
 * and the account is enabled.
 */
export function mayActForAccount(token: TokenIds): SQL | undefined {
  return and(hasUnrevokedIds(token), not(isEndedSession(token)))
}

/**
 * The condition that none of a token's ids is revoked, and its account is enabled and has its
 * generation. The row of the session is not checked.
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

/**
 * The condition that an account has this email. The first spelling that has an account counts. Two
 * old accounts may have two spellings of the same email.
 */
export function isAccountOf(spellings: readonly string[]): SQL {
  return sql`${users.id} = ${accountIdOf(spellings)}`
}

/** The id of the account with this email, or NULL. Without a table, whether it exists or not. */
export function accountIdOf(spellings: readonly string[]): SQL {
  const found = spellings.map(
    (spelling) =>
      sql`(${build.select({ id: users.id }).from(users).where(eq(users.emailNormalized, spelling))})`,
  )
  return sql`coalesce(${sql.join(found, sql`, `)}, NULL)`
}

/** The account that the condition selects, to check its password. */
export function selectCheckedAccountStatement(whose: SQL | undefined) {
  const { passwordHash, passwordVersion } = users
  return build
    .select({
      ...{ ...tokenAccountColumns, passwordHash, passwordVersion, readAt: databaseNow },
      deletionDueAt: users.deletionDueAt,
      isEmailRefused: sql<number>`${isSuppressed(sql`${users.emailNormalized}`)}`,
    })
    .from(users)
    .where(whose)
}

/** Decodes the answer of the statement. */
export function decodeCheckedAccount(rows: readonly unknown[]): CheckedAccount | undefined {
  const [row] = decodeRows(checkedAccountRow, rows)
  return row && withRoles(row)
}

/**
 * A token's account, as of now. Refuses with 'token_revoked'. Refuses with 'account_gone' when the
 * account does not exist, or is disabled. One statement, one round trip.
 */
export async function findAccountByToken(
  database: Database,
  token: TokenIds,
): Promise<Result<Account, RevocationReason>> {
  const { found } = await readBatch(database, { found: selectAccountByTokenStatement(token) })
  return decodeAccountByToken(found)
}

/** The statement of `findAccountByToken`, for other batches. */
export function selectAccountByTokenStatement(token: TokenIds) {
  return build
    .select({
      userId: users.id,
      email: users.email,
      ...roleColumns,
      registeredAt: users.registeredAt,
      emailVerifiedAt: users.emailVerifiedAt,
      language: users.language,
      hasPassword: sql<number>`${users.passwordHash} <> ${noPassword}`,
      isRevoked: sql<number>`${isRevokedToken(token)}`,
    })
    .from(sql`(SELECT 1)`)
    .leftJoin(users, and(eq(users.id, token.userId), isEnabledAccount))
}

/**
 * Decodes the answer of the statement. A revoked token gets 'token_revoked' even after its account
 * is deleted.
 */
export function decodeAccountByToken(rows: readonly unknown[]): Result<Account, RevocationReason> {
  const { isRevoked, ...account } = decodeRow(accountAndRevocationRow, rows)
  if (isRevoked) return refuse('token_revoked')
  if (account.userId === null) return refuse('account_gone')
  return succeed(withRoles(account))
}
