// portcullis users: shows and changes accounts in the service's database, for administrators.

import type { Command } from 'commander'
import type { AccountOfList, FoundAccount, RoleChange } from './change-account.ts'
import { confirmLoss } from './confirmation.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { addAttemptVariables } from './limits.ts'
import { addDatabaseOption, addJsonOption, addVariables, parseNumber } from './options.ts'
import { readPassword } from './password-input.ts'
import { areRefused, formatInstant, renderTable, report } from './report.ts'
import { addRoleOption, requireRoles } from './role-option.ts'
import { addImportCommand } from './users-import.ts'
import { completeInviteCommand } from './users-invite.ts'

interface UserOptions {
  readonly url?: string
  readonly json: boolean
}

const defaultLimit = 100
const maxLimit = 1_000

/** Adds the command `users` with its subcommands. */
export function addUsersCommand(program: Command): void {
  const users = program.command('users').description('Shows and changes accounts in the database.')
  addListCommand(users)
  addCreateCommand(users)
  const add = (name: string, description: string) => addAccountCommand(users, name, description)
  completeInviteCommand(
    add('invite', 'Makes an account, and mails a link to its owner, who sets the password.'),
  )
  addImportCommand(users)
  add('show', 'Shows the account, and how many living sessions it has.').action(show)
  add(
    'set-roles',
    'Gives the account exactly these roles; without a role, it has no roles any more.',
  )
    .argument('[role...]', 'such as admin')
    .action(changeRoles('setRoles'))
  add('add-role', 'Adds these roles to those that the account has.')
    .argument('<role...>', 'such as admin')
    .action(changeRoles('addRoles'))
  add('remove-role', 'Removes these roles from the account.')
    .argument('<role...>', 'such as admin')
    .action(changeRoles('removeRoles'))
  add(
    'disable',
    'Disables the account: ends its sessions, revokes its tokens, and refuses every login.',
  ).action(change('disable', `is disabled. Tokens issued before now ${areRefused}`))
  add('enable', 'Lets the account log in again.').action(
    change('enable', 'is enabled, and can log in.'),
  )
  add('revoke-sessions', 'Ends the account’s sessions and revokes its tokens.').action(
    change('revokeSessions', `is logged out everywhere. Tokens issued before now ${areRefused}`),
  )
  addAttemptVariables(
    add('unlock', 'Forgets the wrong passwords for the account, so that its owner can log in.'),
  ).action(unlock)
  const setPassword = add(
    'set-password',
    'Gives the account another password, ends its sessions and revokes its tokens. The password comes from the standard input; a terminal is asked for it.',
  )
  for (const name of passwordVariables) addVariables(setPassword, name, asForService)
  setPassword.action(changePassword)
  add('delete', 'Deletes the account and its sessions, and revokes its tokens.')
    .option('--yes', 'does not ask first; needed where there is no terminal', false)
    .action(remove)
  addMissingCommand(users, 'set-role', newNameOfSetRole)
  addMissingCommand(users, 'remove', nameOfDelete)
}

/** The command `set-role` replaced all roles, but its name suggested one role. */
const newNameOfSetRole =
  '`users set-role` has a new name: `users set-roles EMAIL [ROLE…]` replaces all roles. `users add-role` and `users remove-role` change some of them.'
const nameOfDelete = '`users delete EMAIL` deletes an account. `users disable EMAIL` keeps it.'
const asForService = 'set it as for the service'
/** How a new password is checked and hashed. */
const passwordVariables = ['BCRYPT_COST', 'PASSWORD_POLICY', 'PASSWORD_MIN_LENGTH', 'ISSUER']
/** The same for a new account. */
const accountVariables = [...passwordVariables, 'EMAIL_DOMAINS']

/** Adds a hidden command for a name that users may try. It only fails with the sentence. */
function addMissingCommand(users: Command, name: string, sentence: string): void {
  users
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new Failure(sentence, 'usage')
    })
}

function addAccountCommand(users: Command, name: string, description: string): Command {
  const command = users
    .command(name)
    .description(description)
    .argument('<email>', 'the email of the account')
  return addJsonOption(addDatabaseOption(command))
}

function addListCommand(users: Command): void {
  const command = users
    .command('list')
    .description('Lists accounts in the order of their ids; with --json, each on a line.')
    .option('--limit <number>', 'how many accounts at most', parseNumber(1, maxLimit), defaultLimit)
    .option(
      '--after <id>',
      'only accounts with greater ids',
      parseNumber(0, Number.MAX_SAFE_INTEGER),
      0,
    )
  addJsonOption(addDatabaseOption(command)).action(list)
}

function addCreateCommand(users: Command): void {
  const command = addRoleOption(
    addAccountCommand(
      users,
      'create',
      'Makes an account. The password comes from the standard input; a terminal is asked for it.',
    ),
  )
  for (const name of accountVariables) addVariables(command, name, asForService)
  command.action(create)
}

function loadCommands() {
  return loadDatabaseClient(() => import('./change-account.ts'))
}

interface ListOptions extends UserOptions {
  readonly limit: number
  readonly after: number
}

async function list({ url, json, limit, after }: ListOptions): Promise<void> {
  const address = databaseAddress(url)
  const { listAccountsIn } = await loadCommands()
  const accounts = await listAccountsIn(address, { limit, after })
  if (json) {
    for (const account of accounts) console.log(JSON.stringify(factsOf(account)))
    return
  }
  const rows = accounts.map((account) => [
    String(account.userId),
    account.email,
    account.roles.join(' ') || '-',
    account.isInvited ? 'yes' : '-',
    account.disabledAt === null ? '-' : formatInstant(account.disabledAt),
    formatInstant(account.registeredAt),
  ])
  console.log(renderTable([['id', 'email', 'roles', 'invited', 'disabled', 'registered'], ...rows]))
  const last = accounts.at(-1)
  if (last && accounts.length === limit) {
    console.error(`There may be more: add --after ${last.userId}.`)
  }
}

async function show(email: string, { url, json }: UserOptions): Promise<void> {
  const address = databaseAddress(url)
  const { findAccountIn } = await loadCommands()
  const account = await findAccountIn(address, email)
  if (!account) throw unknownAccount(email)
  const rows = [
    ['id', String(account.userId)],
    ['email', account.email],
    ['roles', account.roles.join(' ') || '-'],
    ['invited', account.isInvited ? 'yes, and not accepted' : 'no'],
    ['disabled', account.disabledAt === null ? 'no' : formatInstant(account.disabledAt)],
    ['registered', formatInstant(account.registeredAt)],
    [
      'email verified',
      account.emailVerifiedAt === null ? 'no' : formatInstant(account.emailVerifiedAt),
    ],
    [
      'will be deleted',
      account.deletionDueAt === null ? 'no' : formatInstant(account.deletionDueAt),
    ],
    ['living sessions', String(account.livingSessions)],
  ]
  report(json, { ...factsOf(account), ...sessionFactsOf(account) }, renderTable(rows))
}

/** The names are the same as in the HTTP API. */
function factsOf(account: AccountOfList) {
  const { userId, email, roles, isInvited, disabledAt, registeredAt, emailVerifiedAt } = account
  const { deletionDueAt } = account
  return {
    user_id: userId,
    email,
    roles,
    invited: isInvited,
    disabled_on: disabledAt === null ? null : formatInstant(disabledAt),
    registered_on: formatInstant(registeredAt),
    email_verified_on: emailVerifiedAt === null ? null : formatInstant(emailVerifiedAt),
    deletes_on: deletionDueAt === null ? null : formatInstant(deletionDueAt),
  }
}

function sessionFactsOf({ livingSessions }: FoundAccount) {
  return { living_sessions: livingSessions }
}

interface CreateOptions extends UserOptions {
  readonly role: readonly string[]
}

async function create(email: string, { url, json, role: roles }: CreateOptions): Promise<void> {
  const address = databaseAddress(url)
  requireRoles(roles)
  const { createAccountIn, readAccountRules } = await loadCommands()
  const rules = readAccountRules(process.env)
  const password = await readPassword()
  const created = await createAccountIn(address, { email, password, roles }, rules)
  const { userId, roles: has } = created
  const facts = { user_id: userId, email: created.email, roles: has }
  report(json, facts, `${created.email} has an account now, with the id ${userId}.`)
}

function changeRoles(what: RoleChange) {
  return async (email: string, roles: readonly string[], { url, json }: UserOptions) => {
    requireRoles(roles)
    const address = databaseAddress(url)
    const { changeRolesIn } = await loadCommands()
    const outcome = await changeRolesIn(address, email, what, roles)
    if (!outcome) throw unknownAccount(email)
    const { roles: has, isChanged } = outcome
    const sentence = has.length > 0 ? `has the roles ${has.join(', ')}` : 'has no roles'
    const effect = isChanged ? `. Tokens issued before now ${areRefused}` : ': nothing was changed.'
    report(json, { email, roles: has, changed: isChanged }, `${email} ${sentence}${effect}`)
  }
}

function change(what: 'disable' | 'enable' | 'revokeSessions', sentence: string) {
  return async (email: string, { url, json }: UserOptions): Promise<void> => {
    const address = databaseAddress(url)
    const { changeAccountIn } = await loadCommands()
    if ((await changeAccountIn(address, email, what)) === 'account_unknown') {
      throw unknownAccount(email)
    }
    report(json, { email, done: what }, `${email} ${sentence}`)
  }
}

async function changePassword(email: string, { url, json }: UserOptions): Promise<void> {
  const address = databaseAddress(url)
  const { readPasswordRules, setPasswordIn } = await loadCommands()
  const rules = readPasswordRules(process.env)
  const password = await readPassword()
  if (!(await setPasswordIn(address, email, password, rules))) throw unknownAccount(email)
  const sentence = `${email} has a new password, and is logged out everywhere. Tokens issued before now ${areRefused}`
  report(json, { email, done: 'setPassword' }, sentence)
}

async function remove(
  email: string,
  { url, json, yes }: UserOptions & { readonly yes: boolean },
): Promise<void> {
  const address = databaseAddress(url)
  const { findAccountIn, removeAccountIn } = await loadCommands()
  const account = await findAccountIn(address, email)
  if (!account) throw unknownAccount(email)
  const { userId, livingSessions } = account
  const named = `${account.email}, with the id ${userId}, its roles and its ${livingSessions} living sessions`
  const sentence = `This deletes ${named}. Nothing brings them back.`
  await confirmLoss({ sentence, isAgreed: yes })
  if ((await removeAccountIn(address, account)) === 'account_unknown') {
    throw new Failure(`The account with the id ${userId} is gone meanwhile. Nothing was changed.`)
  }
  const done = `${account.email} is deleted. Tokens issued before now ${areRefused}`
  report(json, { email, user_id: userId, done: 'delete' }, done)
}

async function unlock(email: string, { url, json }: UserOptions): Promise<void> {
  const address = databaseAddress(url)
  const { forgetAttemptsIn } = await loadDatabaseClient(() => import('./account-attempts.ts'))
  const counts = await forgetAttemptsIn(address, email, process.env)
  const sentence =
    counts > 0
      ? `The wrong passwords for ${email} are forgotten. Everybody may try again.`
      : `No wrong password was counted for ${email} under this SECRET_KEY: nothing was changed. Is it the key of the service?`
  report(json, { email, done: 'unlock', changed: counts > 0 }, sentence)
}

function unknownAccount(email: string): Failure {
  return new Failure(`No account has the email ${email}.`)
}
