// What administrators do to accounts. Nothing of it is reached over HTTP: whoever has the database
// has the power.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import {
  disableAccount,
  enableAccount,
  endAccountSessions,
  findRoleValues,
  insertAccount,
  updateRoles,
} from '../../store/account-administration.ts'
import { sortRoles, withRoles } from '../../store/roles.ts'
import type { Deps } from '../deps.ts'
import { type EmailDomains, emailSpellings, parseEmail } from '../identity/email.ts'
import { isLongEnough, isRole, isRoleListShort, parsePassword } from '../identity/identity.ts'

/** Done, or there is no such account. */
export type AdministrationOutcome = 'done' | 'account_unknown'

type AdministrationDeps = Pick<Deps, 'database' | 'runtime'>

type CheckedRoles = Result<readonly string[], 'role_malformed' | 'roles_too_long'>

/** The roles that an account has after a change. */
export interface ChangedRoles {
  readonly roles: readonly string[]
  /** Whether it had others before; if not, its tokens stay good. */
  readonly isChanged: boolean
}

/** What came of a change, or why nothing was changed. */
type RolesOutcome = Result<ChangedRoles, 'role_malformed' | 'roles_too_long' | 'account_unknown'>

/**
 * Gives the account exactly these roles. Tokens with the roles before are revoked: at the service
 * at once, at guards within their bounds; sessions go on with new ones. Refuses with
 * 'role_malformed', and with 'roles_too_long' where a token might have no room for the roles.
 * Atomic, idempotent; one round trip.
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

/** Gives the account these roles beside those that it has. As `setRoles`, but two round trips. */
export async function addRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<RolesOutcome> {
  return changeRoles(deps, email, (has) =>
    roles.every((role) => has.includes(role)) ? succeed(has) : checkRoles([...has, ...roles]),
  )
}

/** Takes these roles from the account. As `addRoles`; also from one that has too many. */
export async function removeRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<RolesOutcome> {
  return changeRoles(deps, email, (has) => succeed(has.filter((role) => !roles.includes(role))))
}

/**
 * The write demands the roles that were read. Where somebody else has changed them meanwhile, it is
 * all done again: each time, one of those who change them is done.
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

function checkRoles(roles: readonly string[]): CheckedRoles {
  if (!roles.every(isRole)) return refuse('role_malformed')
  const sorted = sortRoles(roles)
  return isRoleListShort(sorted) ? succeed(sorted) : refuse('roles_too_long')
}

/** An account to make. */
interface NewAccount {
  readonly email: string
  readonly password: string
  readonly roles: readonly string[]
  /** In characters. */
  readonly passwordMinLength: number
  readonly emailDomains: EmailDomains
}

/** An account that was made. */
export interface CreatedAccount {
  readonly userId: number
  /** In its normal form, as the account has it. */
  readonly email: string
  readonly roles: readonly string[]
}

type CreateReason =
  | 'email_malformed'
  | 'email_taken'
  | 'password_malformed'
  | 'password_short'
  | 'role_malformed'
  | 'roles_too_long'

/**
 * Makes an account, by the rules of registering. Refuses before the work of the hash where the
 * input does not fit, and with 'email_taken' after it. Atomic; one round trip.
 */
export async function createAccount(
  deps: Pick<Deps, 'database' | 'runtime' | 'passwords'>,
  account: NewAccount,
): Promise<Result<CreatedAccount, CreateReason>> {
  const email = parseEmail(account.email, account.emailDomains)
  if (!email) return refuse('email_malformed')
  const password = parsePassword(account.password)
  if (password === undefined) return refuse('password_malformed')
  if (!isLongEnough(password, account.passwordMinLength)) return refuse('password_short')
  const roles = checkRoles(account.roles)
  if (!roles.ok) return roles
  const passwordHash = await deps.passwords.hash(password)
  const user = { ...email, passwordHash, tokenGeneration: createRandomId(deps.runtime) }
  const userId = await insertAccount(deps.database, user, roles.value)
  return userId === undefined
    ? refuse('email_taken')
    : succeed({ userId, email: email.email, roles: roles.value })
}

/** Disables the account, and revokes all of its tokens and sessions. As `setRoles`. */
export function disable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(disableAccount(deps.database, changeOf(deps, email)))
}

/** Lets the account log in again; its sessions stay ended. As `setRoles`. */
export function enable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(enableAccount(deps.database, changeOf(deps, email)))
}

/** Revokes all tokens and sessions of the account. As `setRoles`. */
export function revokeSessions(
  deps: AdministrationDeps,
  email: string,
): Promise<AdministrationOutcome> {
  return outcomeOf(endAccountSessions(deps.database, changeOf(deps, email)))
}

function changeOf(deps: AdministrationDeps, email: string) {
  return {
    spellings: emailSpellings(email),
    tokenGeneration: createRandomId(deps.runtime),
  }
}

async function outcomeOf(isFound: Promise<boolean>): Promise<AdministrationOutcome> {
  return (await isFound) ? 'done' : 'account_unknown'
}
