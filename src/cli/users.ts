// portcullis users: what administrators do to accounts, in the service's database.

import type { Command } from 'commander'
import { isRole } from '../service/domain/identity/identity.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'

interface UserOptions {
  readonly url?: string
}

/** Adds `users` with its four commands. */
export function addUsersCommand(program: Command): void {
  const users = program.command('users').description('Changes accounts in the database.')
  const add = (name: string, description: string) =>
    users
      .command(name)
      .description(description)
      .argument('<email>', 'whose account')
      .option('--url <url>', "the service's database (default: TURSO_DATABASE_URL)")
  add('set-role', 'Gives the account exactly these roles; none, without any.')
    .argument('[role...]', 'such as admin')
    .action(setRole)
  add('disable', 'Ends the account’s sessions, revokes its tokens, and lets nobody log in.').action(
    disable,
  )
  add('enable', 'Lets the account log in again.').action(enable)
  add('revoke-sessions', 'Ends the account’s sessions and revokes its tokens.').action(
    revokeSessions,
  )
}

const withinBounds = 'the service refuses the tokens before now, guards within their bounds.'

async function setRole(
  email: string,
  roles: readonly string[],
  { url }: UserOptions,
): Promise<void> {
  const wrong = roles.find((role) => !isRole(role))
  if (wrong !== undefined) {
    throw new Failure(`${wrong} is no role: use up to 64 letters, digits, and any of : . _ -`)
  }
  await change(url, email, 'setRoles', roles)
  const has = roles.length > 0 ? `has the roles ${roles.join(', ')}` : 'has no roles'
  console.log(`${email} ${has}; ${withinBounds}`)
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
  what: 'setRoles' | 'disable' | 'enable' | 'revokeSessions',
  roles: readonly string[] = [],
): Promise<void> {
  const address = databaseAddress(url)
  const { changeAccountIn } = await loadDatabaseClient(() => import('./change-account.ts'))
  const outcome = await changeAccountIn(address, email, what, roles)
  if (outcome === 'account_unknown') throw new Failure(`No account has the email ${email}.`)
}
