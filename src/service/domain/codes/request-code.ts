// Somebody asks for a code by mail. The answer is the same whether there is an account or not: the
// same members, the same round trip, and the same time (ASVS 6.3.8).

import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import { type AskedPurpose, type RequestedCode, requestCode } from '../../store/code-requests.ts'
import { type CodePurpose, linkSecondsOf } from '../../store/codes.ts'
import { emailSpellings } from '../identity/email.ts'
import { inEvenTime } from '../limits/even-time.ts'
import type { CodeDeps } from './code-deps.ts'

/** Who asks for what. */
export interface AskedCode {
  readonly purpose: AskedPurpose
  /** As typed. */
  readonly email: string
  /** Of the mail, if the account has none. */
  readonly language: string
}

/**
 * A handle for the client, which it presents together with the code. If the email has an account, a
 * mail with the code is queued: at most five in an hour. Refuses with 'mail_off' if the service
 * sends no mail. One round trip. The answer comes at the end of a span of 200 ms.
 */
export async function requestMailedCode(
  deps: Omit<CodeDeps, 'mailedCodes'>,
  { purpose, email, language }: AskedCode,
  entry: AuditEntry,
): Promise<Result<string, 'mail_off'>> {
  if (!deps.mailer) return refuse('mail_off')
  const asked = newCode(deps, purpose, language, entry)
  await inEvenTime(deps.runtime, () => requestCode(deps.database, asked, emailSpellings(email)))
  return succeed(asked.handle)
}

/** A code with fresh ids, and its lifetimes. */
export function newCode<Purpose extends CodePurpose>(
  { runtime, settings }: Pick<CodeDeps, 'runtime' | 'settings'>,
  purpose: Purpose,
  language: string,
  entry: AuditEntry,
): RequestedCode<Purpose> {
  const { codeSeconds } = settings.codeLifetimes
  return {
    ...{ purpose, language, codeSeconds, entry },
    handle: createRandomId(runtime),
    codeId: createRandomId(runtime),
    mailId: createRandomId(runtime),
    linkSeconds: linkSecondsOf(purpose, settings.codeLifetimes),
  }
}
