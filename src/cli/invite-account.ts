// An invitation in the service's database, for the command.

import { systemRuntime } from '../runtime/runtime.ts'
import { invite } from '../service/domain/accounts/invite.ts'
import type { InvitedAccount } from '../service/store/invitations.ts'
import { administratorEntry } from './audited-commands.ts'
import { emailSentenceOf, readEmailDomains, roleRule, tooManyRoles } from './change-account.ts'
import { Failure } from './failure.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

/**
 * Invites somebody: makes the account, or takes one that nobody has accepted, and queues the mail.
 */
export async function inviteAccountIn(
  address: DatabaseAddress,
  asked: {
    readonly email: string
    readonly roles: readonly string[]
    readonly language: string | undefined
  },
  variables: NodeJS.ProcessEnv,
): Promise<InvitedAccount> {
  const emailDomains = readEmailDomains(variables)
  const entry = administratorEntry('users invite')
  const invited = await withDatabase(address, 'Nobody was invited', (client) =>
    invite(
      { database: databaseOf(client), runtime: systemRuntime, entry },
      { ...asked, emailDomains },
    ),
  )
  if (invited.ok) return invited.value
  const sentences = {
    email_malformed: emailSentenceOf(asked.email),
    email_taken: `${asked.email} has an account already, which is in use or disabled, or an account can take it back; nothing was changed.`,
    role_malformed: roleRule,
    roles_too_long: tooManyRoles,
  }
  throw new Failure(sentences[invited.error])
}
