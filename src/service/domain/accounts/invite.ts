// Administrators invite people. Only a link that the email receives sets the password of the
// account.

import { noPassword } from '../../../crypto/no-password.ts'
import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { type InvitedAccount, inviteAccount } from '../../store/invitations.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { type EmailDomains, parseEmail } from '../identity/email.ts'
import { checkRoles } from './administration.ts'

/** Who to invite. */
interface AskedInvitation {
  readonly email: string
  /** None: an account that is invited again keeps its own. */
  readonly roles: readonly string[]
  /** Of all mails to the account, such as `de`. Undefined: as before, or English. */
  readonly language: string | undefined
  readonly emailDomains: EmailDomains
}

type InviteReason = 'email_malformed' | 'email_taken' | 'role_malformed' | 'roles_too_long'

/**
 * Makes an account without a password, and queues the mail that invites its owner. An account that
 * nobody has accepted is invited again: the links from before are void. Refuses input that does not
 * fit before the round trip. Refuses with 'email_taken' an account that was accepted, or is
 * disabled. Atomic. One round trip.
 */
export async function invite(
  { database, runtime, entry }: Pick<Deps, 'database' | 'runtime'> & { readonly entry: AuditEntry },
  { roles, language, ...asked }: AskedInvitation,
): Promise<Result<InvitedAccount, InviteReason>> {
  const email = parseEmail(asked.email, asked.emailDomains)
  if (!email) return refuse('email_malformed')
  const checked = checkRoles(roles)
  if (!checked.ok) return checked
  const invited = await inviteAccount(database, {
    user: { ...email, passwordHash: noPassword, tokenGeneration: createRandomId(runtime) },
    roles: roles.length > 0 ? checked.value : undefined,
    ...{ language, codeId: createRandomId(runtime), mailId: createRandomId(runtime), entry },
  })
  return invited ? succeed(invited) : refuse('email_taken')
}
