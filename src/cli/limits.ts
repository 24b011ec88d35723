// portcullis limits: shows how often a password was tried for an account.

import type { Command } from 'commander'
import type { PurposeAttempts } from '../service/domain/limits/account-attempts.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { addDatabaseOption, addJsonOption, addVariables } from './options.ts'
import { formatInstant, renderTable, report } from './report.ts'

interface LimitOptions {
  readonly url?: string
  readonly json: boolean
}

/** Adds the command `limits` with its subcommand. */
export function addLimitsCommand(program: Command): void {
  const limits = program.command('limits').description('Shows what the limits have counted.')
  const command = limits
    .command('show')
    .description(
      'Shows how often a password was tried for an account, and when the next is let through.',
    )
    .argument('<email>', 'the email of the account, whether there is one or not')
  addAttemptVariables(addJsonOption(addDatabaseOption(command)))
    .addHelpText('after', `\nReads the settings ${waitSettings}, where the service has them set.`)
    .action(show)
}

/** Adds the variables that a command about attempts reads. */
export function addAttemptVariables(command: Command): Command {
  return addVariables(command, 'SECRET_KEY', 'set it as for the service')
}

/** The settings on which waits depend. */
const waitSettings =
  'FREE_ATTEMPTS, MAX_ATTEMPTS, MAX_ATTEMPT_DELAY_SECONDS, ATTEMPTS_CLOSED_SECONDS'

async function show(email: string, { url, json }: LimitOptions): Promise<void> {
  const address = databaseAddress(url)
  const { listAttemptsIn } = await loadDatabaseClient(() => import('./account-attempts.ts'))
  const attempts = await listAttemptsIn(address, email, process.env)
  const rows = attempts.map((one) => [
    one.purpose,
    sourceOf(one),
    String(one.count),
    lastOf(one) ?? '-',
    one.waitSeconds === 0 ? 'now' : `in ${one.waitSeconds} s`,
  ])
  const heads = ['purpose', 'from', 'attempts', 'last', 'next is let through']
  const table = renderTable([heads, ...rows])
  const none = `No wrong password is counted for ${email} under this SECRET_KEY. Is it the key of the service?`
  report(json, { email, attempts: attempts.map(factsOf) }, rows.length > 0 ? table : none)
}

/** Sources are told apart by a MAC: nobody can tell the address from it. */
function sourceOf({ key, isFromEverywhere }: PurposeAttempts): string {
  const [, kind, mac] = key.split('.')
  return isFromEverywhere ? 'everywhere' : `${kind} ${mac?.slice(0, 8)}`
}

/** The row of all sources does not have the time of the last attempt. */
function lastOf({ isFromEverywhere, lastAt }: PurposeAttempts): string | null {
  return isFromEverywhere ? null : formatInstant(lastAt)
}

function factsOf(one: PurposeAttempts) {
  return {
    purpose: one.purpose,
    from: sourceOf(one),
    attempts: one.count,
    last_on: lastOf(one),
    wait_seconds: one.waitSeconds,
  }
}
