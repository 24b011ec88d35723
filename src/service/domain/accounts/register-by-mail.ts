// Registration without a session: the client gets a handle, and the mail has the code. With
// REGISTRATION=neutral the answer is the same for every email (ASVS 6.3.8), and the mail to the
// owner says whether there is an account.

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  type InvalidInput,
  type QueueReason,
  type Result,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import { insertUserByMail } from '../../store/registration.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import type { Email } from '../identity/email.ts'
import { hashFieldPassword } from '../identity/hash-new-password.ts'
import { inEvenTime } from '../limits/even-time.ts'

/** Who registers. */
interface MailedRegistration {
  readonly email: Email
  readonly password: string
  /** Of the mail. */
  readonly language: string
}

/** Whether a registration gives no session: the rest is done by mail. */
export function isByMail({ settings }: Pick<Deps, 'settings'>): boolean {
  const { registration, requireVerifiedEmail } = settings
  return registration === 'neutral' || (registration === 'open' && requireVerifiedEmail === 'login')
}

/**
 * The handle for the code, which is mailed to the email of the new account. The password is kept
 * when both are presented. A mail is not queued if the email had five within an hour, or its
 * provider refuses it. With REGISTRATION=neutral, the owner of an email that is taken gets a mail.
 * The answer is the same, at the end of a span of 200 ms after the hash. Otherwise it refuses with
 * 'email_taken'. Refuses as `hashFieldPassword`, before the round trip. Atomic. One round trip and
 * the work of one password hash, whether the email is taken or not. The claims hook is not asked.
 */
export async function registerByMail(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'passwords' | 'hashQueue' | 'breaches'>,
  { email, password, language }: MailedRegistration,
  isGone: () => boolean,
  entry: AuditEntry,
): Promise<Result<string, 'email_taken' | QueueReason | InvalidInput>> {
  const hashed = await hashFieldPassword(deps, password, 'password', isGone)
  if (!hashed.ok) return hashed
  const { database, runtime } = deps
  const code = newCode(deps, 'verify_email', language, entry)
  const tokenGeneration = createRandomId(runtime)
  const user = { ...email, passwordHash: hashed.value, tokenGeneration }
  const tellsOwner = deps.settings.registration === 'neutral'
  const isNew = await inEvenTime(runtime, () =>
    insertUserByMail(database, { user, code, tellsOwner, entry }),
  )
  return isNew || tellsOwner ? succeed(code.handle) : refuse('email_taken')
}
