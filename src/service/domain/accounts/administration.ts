// What administrators do to accounts. None of it is reachable over HTTP: access to the database is
// the permission.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { PasswordPolicy } from '../../config/password-settings.ts'
import {
  deleteAccount,
  disableAccount,
  enableAccount,
  endAccountSessions,
  findRoleValues,
  insertAccount,
  replacePassword,
  updateRoles,
} from '../../store/account-administration.ts'
import { sortRoles, withRoles } from '../../store/roles.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail, type EmailDomains, emailSpellings, parseEmail } from '../identity/email.ts'
import { isRole, isRoleListShort, parsePassword } from '../identity/identity.ts'
import { passwordProblem } from '../identity/password-policy.ts'

/** Done, or there is no such account. */
export type AdministrationOutcome = 'done' | 'account_unknown'

/** `entry` says which command it is, for the audit. */
type AdministrationDeps = Pick<Deps, 'database' | 'runtime'> & { readonly entry: AuditEntry }

type CheckedRoles = Result<readonly string[], 'role_malformed' | 'roles_too_long'>

/** The roles that an account has after a change. */
export interface ChangedRoles {
  readonly roles: readonly string[]
  /** Whether the roles differ from those before. If not, the account's tokens stay good. */
  readonly isChanged: boolean
}

/** The result of a change, or why nothing was changed. */
type RolesOutcome = Result<ChangedRoles, 'role_malformed' | 'roles_too_long' | 'account_unknown'>

/**
 * Gives the account exactly these roles. Tokens with the earlier roles are revoked: at the service
 * at once, at guards within their bounds. Sessions go on with new tokens. Refuses with
 * 'role_malformed', and with 'roles_too_long' where a token might have no room for the roles.
 * Neither costs a round trip. Refuses with 'account_unknown'. Atomic and idempotent. One round
 * trip.
 */
export async function setRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<RolesOutcome> {
  const checked = checkRoles(roles)
  if (!checked.ok) return checked
  const updated = await updateRoles(deps.database, changeOf(deps, email), checked.value)
  return updated ? succeed({ roles: checked.value, ...updated }) : refuse('account_unknown')
}

/**
 * Gives the account these roles in addition to its own. As `setRoles`, but two round trips, and two
 * more for each change of the roles that comes in between.
 */
export async function addRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<RolesOutcome> {
  return changeRoles(deps, email, (has) =>
    roles.every((role) => has.includes(role)) ? succeed(has) : checkRoles([...has, ...roles]),
  )
}

/**
 * Removes these roles from the account. As `addRoles`, but it does not check the roles. So it also
 * works for an account that has too many.
 */
export async function removeRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<RolesOutcome> {
  return changeRoles(deps, email, (has) => succeed(has.filter((role) => !roles.includes(role))))
}

/**
 * The write succeeds only if the account still has the roles that were read. If another change came
 * first, this reads and writes again. Each retry means that another change has finished, so this
 * ends.
 */
async function changeRoles(
  deps: AdministrationDeps,
  email: string,
  rolesAfter: (has: readonly string[]) => CheckedRoles,
): Promise<RolesOutcome> {
  const change = changeOf(deps, email)
  for (;;) {
    const before = await findRoleValues(deps.database, change.spellings)
    if (!before) return refuse('account_unknown')
    const roles = rolesAfter(withRoles(before).roles)
    if (!roles.ok) return roles
    const updated = await updateRoles(deps.database, change, roles.value, before)
    if (updated) return succeed({ roles: roles.value, ...updated })
  }
}

/** The roles sorted, or why no account can have them. No I/O. */
export function checkRoles(roles: readonly string[]): CheckedRoles {
  if (!roles.every(isRole)) return refuse('role_malformed')
  const sorted = sortRoles(roles)
  return isRoleListShort(sorted) ? succeed(sorted) : refuse('roles_too_long')
}

/** A password that was typed, and the rules for it. */
interface TypedPassword {
  readonly password: string
  readonly passwordPolicy: PasswordPolicy
  /** Default: not known. Then the name of the service is allowed in passwords. */
  readonly issuer?: string | undefined
}

type PasswordReason = 'password_malformed' | RefusedPassword

/** The account to create. */
interface NewAccount extends TypedPassword {
  readonly email: string
  readonly roles: readonly string[]
  readonly emailDomains: EmailDomains
}

/** The account that was created. */
export interface CreatedAccount {
  readonly userId: number
  /** As the account stores it, in its normal form. */
  readonly email: string
  readonly roles: readonly string[]
}

type CreateReason =
  | 'email_malformed'
  | 'email_taken'
  | PasswordReason
  | 'role_malformed'
  | 'roles_too_long'

/** Why the policy refuses a password, as a sentence for people. */
interface RefusedPassword {
  readonly passwordProblem: string
}

/**
 * Creates an account, by the rules of registration. Refuses input that does not fit before the hash
 * and the round trip. Refuses with 'email_taken' after both. Atomic. One round trip.
 */
export async function createAccount(
  deps: AdministrationDeps & Pick<Deps, 'passwords'>,
  account: NewAccount,
): Promise<Result<CreatedAccount, CreateReason>> {
  const email = parseEmail(account.email, account.emailDomains)
  if (!email) return refuse('email_malformed')
  const password = checkPassword(account, email.emailNormalized)
  if (!password.ok) return password
  const roles = checkRoles(account.roles)
  if (!roles.ok) return roles
  const passwordHash = await deps.passwords.hash(password.value)
  const user = { ...email, passwordHash, tokenGeneration: createRandomId(deps.runtime) }
  const userId = await insertAccount(deps.database, user, roles.value, deps.entry)
  return userId === undefined
    ? refuse('email_taken')
    : succeed({ userId, email: email.email, roles: roles.value })
}

/**
 * Disables the account, and revokes all of its tokens and sessions. Where there is nothing to do, it
 * is not recorded. Atomic and idempotent. One round trip.
 */
export function disable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(disableAccount(deps.database, changeOf(deps, email)))
}

/**
 * Lets the account log in again. Its sessions stay ended. Where it is not disabled, this is not
 * recorded. Atomic and idempotent. One round trip.
 */
export function enable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(enableAccount(deps.database, changeOf(deps, email)))
}

/**
 * Revokes all tokens and sessions of the account. It is always recorded. Atomic and idempotent. One
 * round trip.
 */
export function revokeSessions(
  deps: AdministrationDeps,
  email: string,
): Promise<AdministrationOutcome> {
  return outcomeOf(endAccountSessions(deps.database, changeOf(deps, email)))
}

/**
 * Gives the account another password, by the rules of registration, and revokes all of its tokens
 * and sessions. Device tokens are void. Refuses input that does not fit before the hash and the
 * round trip. Refuses with 'account_unknown' after both. Atomic. One round trip.
 */
export async function setPassword(
  deps: AdministrationDeps & Pick<Deps, 'passwords'>,
  email: string,
  typed: TypedPassword,
): Promise<Result<undefined, PasswordReason | 'account_unknown'>> {
  const password = checkPassword(typed, comparedEmail(email))
  if (!password.ok) return password
  const passwordHash = await deps.passwords.hash(password.value)
  const isFound = await replacePassword(deps.database, changeOf(deps, email), passwordHash)
  return isFound ? succeed(undefined) : refuse('account_unknown')
}

/**
 * Deletes the account and its sessions, and revokes all of its tokens. Its email can be registered
 * again; its id is never used again. An account of another id, which has taken the email meanwhile,
 * stays as it is. Atomic and idempotent. One round trip.
 */
export function remove(
  { database, entry }: Omit<AdministrationDeps, 'runtime'>,
  email: string,
  userId: number,
): Promise<AdministrationOutcome> {
  return outcomeOf(deleteAccount(database, { spellings: emailSpellings(email), entry }, userId))
}

/** A password of 1 to 1,024 bytes in its normal form, which the policy allows for this email. */
function checkPassword(typed: TypedPassword, email: string): Result<string, PasswordReason> {
  const password = parsePassword(typed.password)
  if (password === undefined) return refuse('password_malformed')
  const problem = passwordProblem(typed.passwordPolicy, password, { email, issuer: typed.issuer })
  return problem === undefined ? succeed(password) : refuse({ passwordProblem: problem })
}

function changeOf(deps: AdministrationDeps, email: string) {
  return {
    spellings: emailSpellings(email),
    tokenGeneration: createRandomId(deps.runtime),
    entry: deps.entry,
  }
}

async function outcomeOf(isFound: Promise<boolean>): Promise<AdministrationOutcome> {
  return (await isFound) ? 'done' : 'account_unknown'
}
