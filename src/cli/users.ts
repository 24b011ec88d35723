// portcullis users: what administrators do to accounts, in the service's database.

import type { Command } from 'commander'
import { isRole, maxRoles, maxRolesCharacters } from '../service/domain/identity/identity.ts'
import type { RoleChange, RolesError } from './change-account.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'

interface UserOptions {
  readonly url?: string
}

/** Adds `users` with its commands. */
export function addUsersCommand(program: Command): void {
  const users = program.command('users').description('Changes accounts in the database.')
  const add = (name: string, description: string) =>
    users
      .command(name)
      .description(description)
      .argument('<email>', 'whose account')
      .option('--url <url>', "the service's database (default: TURSO_DATABASE_URL)")
  add('set-roles', 'Gives the account exactly these roles, and no others; none, without any.')
    .argument('[role...]', 'such as admin')
    .action(changeRoles('setRoles'))
  add('add-role', 'Gives the account these roles beside those that it has.')
    .argument('<role...>', 'such as admin')
    .action(changeRoles('addRoles'))
  add('remove-role', 'Takes these roles from the account.')
    .argument('<role...>', 'such as admin')
    .action(changeRoles('removeRoles'))
  users
    .command('set-role', { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(refuseSetRole)
  add('disable', 'Ends the account’s sessions, revokes its tokens, and lets nobody log in.').action(
    disable,
  )
  add('enable', 'Lets the account log in again.').action(enable)
  add('revoke-sessions', 'Ends the account’s sessions and revokes its tokens.').action(
    revokeSessions,
  )
}

const withinBounds = 'the service refuses the tokens before now, guards within their bounds.'

/** It replaced all roles, under a name that said otherwise. */
function refuseSetRole(): never {
  throw new Failure(
    '`users set-role` has a new name: `users set-roles EMAIL [ROLE…]` replaces all roles. `users add-role` and `users remove-role` change some of them.',
  )
}

function changeRoles(change: RoleChange) {
  return async (email: string, roles: readonly string[], { url }: UserOptions): Promise<void> => {
    const wrong = roles.find((role) => !isRole(role))
    if (wrong !== undefined) {
      throw new Failure(`${wrong} is no role: use up to 64 letters, digits, and any of : . _ -`)
    }
    const address = databaseAddress(url)
    const { changeRolesIn } = await loadDatabaseClient(() => import('./change-account.ts'))
    const outcome = await changeRolesIn(address, email, change, roles)
    if (!outcome.ok) throw new Failure(explainRoles(outcome.error, email))
    const has = outcome.value.length > 0 ? `the roles ${outcome.value.join(', ')}` : 'no roles'
    console.log(`${email} has ${has}; ${withinBounds}`)
  }
}

function explainRoles(error: RolesError, email: string): string {
  if (error === 'account_unknown') return unknownAccount(email)
  return `These are too many roles for a token: an account may have ${maxRoles}, and ${maxRolesCharacters} characters in all, with a space between two. Nothing was changed.`
}

function unknownAccount(email: string): string {
  return `No account has the email ${email}.`
}

async function disable(email: string, { url }: UserOptions): Promise<void> {
  await change(url, email, 'disable')
  console.log(`${email} is disabled; ${withinBounds}`)
}

async function enable(email: string, { url }: UserOptions): Promise<void> {
  await change(url, email, 'enable')
  console.log(`${email} is enabled, and can log in.`)
}

async function revokeSessions(email: string, { url }: UserOptions): Promise<void> {
  await change(url, email, 'revokeSessions')
  console.log(`${email} is logged out everywhere; ${withinBounds}`)
}

async function change(
  url: string | undefined,
  email: string,
  what: 'disable' | 'enable' | 'revokeSessions',
): Promise<void> {
  const address = databaseAddress(url)
  const { changeAccountIn } = await loadDatabaseClient(() => import('./change-account.ts'))
  const outcome = await changeAccountIn(address, email, what)
  if (outcome === 'account_unknown') throw new Failure(unknownAccount(email))
}
