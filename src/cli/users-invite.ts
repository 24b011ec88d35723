// portcullis users invite: an account for somebody who sets the password by a link in a mail.

import type { Command } from 'commander'
import { Option } from 'commander'
import { languages } from '../service/mail/languages.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { addVariables } from './options.ts'
import { report } from './report.ts'
import { addRoleOption, requireRoles } from './role-option.ts'

interface InviteOptions {
  readonly url?: string
  readonly json: boolean
  readonly role: readonly string[]
  readonly language?: string
}

/** Makes a command with an email, the database and JSON the command `users invite`. */
export function completeInviteCommand(command: Command): void {
  addRoleOption(command).addOption(
    new Option('--language <language>', 'of the mails to the account').choices(languages),
  )
  addVariables(command, 'EMAIL_DOMAINS', 'set it as for the service')
  command.action(invite)
}

async function invite(
  email: string,
  { url, json, role: roles, language }: InviteOptions,
): Promise<void> {
  const address = databaseAddress(url)
  requireRoles(roles)
  const { inviteAccountIn } = await loadDatabaseClient(() => import('./invite-account.ts'))
  const invited = await inviteAccountIn(address, { email, roles, language }, process.env)
  const { userId, isAgain, roles: has } = invited
  const facts = { user_id: userId, email: invited.email, roles: has, again: isAgain }
  const what = isAgain
    ? `again. Links from before are void. The account has the id ${userId}.`
    : `now, with the id ${userId}.`
  report(json, facts, `${invited.email} is invited ${what} ${sending}`)
}

const sending =
  'The service sends the mail within five minutes, if it has a MAILER; `mail list` shows it until then.'
