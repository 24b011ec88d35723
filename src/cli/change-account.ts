// Accounts in the service's database, for the commands.

import type { Client } from '@libsql/client/node'
import { systemRuntime } from '../runtime/runtime.ts'
import { findMisspellings } from '../service/config/parse-config.ts'
import {
  type PasswordPolicy,
  passwordPolicyOf,
  passwordPolicyProblem,
} from '../service/config/password-settings.ts'
import { settings } from '../service/config/settings.ts'
import {
  type AdministrationOutcome,
  addRoles,
  type ChangedRoles,
  type CreatedAccount,
  createAccount,
  disable,
  enable,
  remove,
  removeRoles,
  revokeSessions,
  setPassword,
  setRoles,
} from '../service/domain/accounts/administration.ts'
import {
  type EmailDomains,
  emailRule,
  emailSpellings,
  isDotless,
} from '../service/domain/identity/email.ts'
import { maxRoles, maxRolesCharacters, passwordRule } from '../service/domain/identity/identity.ts'
import { createPasswordHasher } from '../service/domain/identity/password-hasher.ts'
import {
  type AccountOfList,
  type FoundAccount,
  findAccountByEmail,
  listAccounts,
  type Page,
} from '../service/store/account-listing.ts'
import type { AuditEntry } from '../service/store/audit-events.ts'
import { administratorEntry } from './audited-commands.ts'
import { Failure } from './failure.ts'
import { readSetting } from './read-setting.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

export type { AccountOfList, FoundAccount }

const changes = { disable, enable, revokeSessions }
const changeEntries = {
  disable: administratorEntry('users disable'),
  enable: administratorEntry('users enable'),
  revokeSessions: administratorEntry('users revoke-sessions'),
}
const roleChanges = { setRoles, addRoles, removeRoles }
const roleEntries = {
  setRoles: administratorEntry('users set-roles'),
  addRoles: administratorEntry('users add-role'),
  removeRoles: administratorEntry('users remove-role'),
}
const notChanged = 'The account was not changed'
const notRead = 'The accounts were not read'

/** The changes to the roles of an account. */
export type RoleChange = keyof typeof roleChanges

/** Makes one of the changes. Idempotent. */
export function changeAccountIn(
  address: DatabaseAddress,
  email: string,
  what: keyof typeof changes,
): Promise<AdministrationOutcome> {
  return withDatabase(address, notChanged, (client) =>
    changes[what](depsOf(client, changeEntries[what]), email),
  )
}

/** Deletes the account, if the email still has the account of this id. Idempotent. */
export function removeAccountIn(
  address: DatabaseAddress,
  { email, userId }: Pick<FoundAccount, 'email' | 'userId'>,
): Promise<AdministrationOutcome> {
  return withDatabase(address, notChanged, (client) =>
    remove(
      { database: databaseOf(client), entry: administratorEntry('users delete') },
      email,
      userId,
    ),
  )
}

/**
 * Changes the roles of an account. Returns its new roles, and whether they changed; undefined when
 * there is no such account. Idempotent.
 */
export async function changeRolesIn(
  address: DatabaseAddress,
  email: string,
  change: RoleChange,
  roles: readonly string[],
): Promise<ChangedRoles | undefined> {
  const outcome = await withDatabase(address, notChanged, (client) =>
    roleChanges[change](depsOf(client, roleEntries[change]), email, roles),
  )
  if (outcome.ok) return outcome.value
  if (outcome.error === 'account_unknown') return undefined
  throw new Failure(`${tooManyRoles} Nothing was changed.`)
}

function depsOf(client: Client, entry: AuditEntry) {
  return { database: databaseOf(client), runtime: systemRuntime, entry }
}

/** A page of the accounts. */
export function listAccountsIn(address: DatabaseAddress, page: Page): Promise<AccountOfList[]> {
  return withDatabase(address, notRead, (client) => listAccounts(databaseOf(client), page))
}

/** The account with this email, if there is one. */
export function findAccountIn(
  address: DatabaseAddress,
  email: string,
): Promise<FoundAccount | undefined> {
  return withDatabase(address, notRead, (client) =>
    findAccountByEmail(databaseOf(client), emailSpellings(email)),
  )
}

/** What the service requires of a new password, and how it hashes it. */
interface PasswordRules {
  readonly bcryptCost: number
  readonly passwordPolicy: PasswordPolicy
  /** ISSUER, if it is set. */
  readonly issuer: string | undefined
}

/** What the service requires of a new account. */
interface AccountRules extends PasswordRules {
  readonly emailDomains: EmailDomains
}

const passwordRuleNames = ['BCRYPT_COST', 'PASSWORD_POLICY', 'PASSWORD_MIN_LENGTH'] as const

/** Reads the rules from the variables, in the same way as the service. */
export function readPasswordRules(variables: NodeJS.ProcessEnv): PasswordRules {
  refuseMisspellings(variables, passwordRuleNames)
  return {
    bcryptCost: readSetting('BCRYPT_COST', settings.BCRYPT_COST, variables),
    passwordPolicy: readPasswordPolicy(variables),
    issuer: readSetting('ISSUER', { ...settings.ISSUER, fallback: undefined }, variables),
  }
}

/** Reads the rules for accounts in the same way. */
export function readAccountRules(variables: NodeJS.ProcessEnv): AccountRules {
  return { ...readPasswordRules(variables), emailDomains: readEmailDomains(variables) }
}

/** Whether the domains of emails need a dot, read in the same way as by the service. */
export function readEmailDomains(variables: NodeJS.ProcessEnv): EmailDomains {
  refuseMisspellings(variables, ['EMAIL_DOMAINS'])
  return readSetting('EMAIL_DOMAINS', settings.EMAIL_DOMAINS, variables)
}

function refuseMisspellings(variables: NodeJS.ProcessEnv, names: readonly string[]): void {
  const misspellings = findMisspellings(variables, names)
  if (misspellings.length > 0) throw new Failure(misspellings.join(' '), 'usage')
}

/** Gives the account another password. Whether there is such an account. Idempotent. */
export async function setPasswordIn(
  address: DatabaseAddress,
  email: string,
  password: string,
  { bcryptCost, ...rules }: PasswordRules,
): Promise<boolean> {
  const passwords = createPasswordHasher(bcryptCost, systemRuntime)
  const typed = { password, ...rules }
  const outcome = await withDatabase(address, notChanged, (client) =>
    setPassword(
      { ...depsOf(client, administratorEntry('users set-password')), passwords },
      email,
      typed,
    ),
  )
  if (outcome.ok) return true
  if (outcome.error === 'account_unknown') return false
  throw new Failure(
    typeof outcome.error === 'object' ? outcome.error.passwordProblem : passwordRule,
  )
}

function readPasswordPolicy(variables: NodeJS.ProcessEnv): PasswordPolicy {
  const { PASSWORD_POLICY, PASSWORD_MIN_LENGTH } = settings
  const policy = passwordPolicyOf(
    readSetting('PASSWORD_POLICY', PASSWORD_POLICY, variables),
    readSetting('PASSWORD_MIN_LENGTH', PASSWORD_MIN_LENGTH, variables),
  )
  const problem = passwordPolicyProblem(policy)
  if (problem !== undefined) throw new Failure(problem, 'usage')
  return policy
}

/** Creates the account. */
export async function createAccountIn(
  address: DatabaseAddress,
  account: { readonly email: string; readonly password: string; readonly roles: readonly string[] },
  { bcryptCost, ...rules }: AccountRules,
): Promise<CreatedAccount> {
  const passwords = createPasswordHasher(bcryptCost, systemRuntime)
  const created = await withDatabase(address, 'No account was made', (client) =>
    createAccount(
      { ...depsOf(client, administratorEntry('users create')), passwords },
      { ...account, ...rules },
    ),
  )
  if (created.ok) return created.value
  if (typeof created.error === 'object') throw new Failure(created.error.passwordProblem)
  const sentences = {
    email_malformed: emailSentenceOf(account.email),
    email_taken: `${account.email} has an account already, or an account can take it back; nothing was changed.`,
    password_malformed: passwordRule,
    role_malformed: roleRule,
    roles_too_long: tooManyRoles,
  }
  throw new Failure(sentences[created.error])
}

/** What is wrong with an email that no new account can have. */
export function emailSentenceOf(email: string): string {
  return isDotless(email) ? dotless : emailRule
}

const dotless =
  'The domain of the email has no dot. Give another email, or set EMAIL_DOMAINS=any if the service has it.'
/** What a role must be. */
export const roleRule =
  'One of the roles is not valid: use up to 64 letters, digits, and any of : . _ -'
/** How many roles an account may have. */
export const tooManyRoles = `These are too many roles for a token. An account may have ${maxRoles} roles, and ${maxRolesCharacters} characters in all. A space between two roles counts, too.`
