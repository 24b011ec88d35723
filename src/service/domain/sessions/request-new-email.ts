// A user wants another email for the account. A code goes to the new email. The proof is a fresh
// login and its refresh token, as for a password: APIs see access tokens (decision 35).

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  type InvalidInput,
  type Result,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../../errors/reasons.ts'
import { requestEmailChange } from '../../store/email-change.ts'
import { findAccountByToken } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import type { Email } from '../identity/email.ts'
import { inEvenTime } from '../limits/even-time.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { findProof, freshLoginSeconds, type NotFresh, notFresh } from './fresh-login.ts'

/** What the user asks for. */
interface AskedChange {
  readonly newEmail: Email
  /** The refresh token of the session, if it is presented. */
  readonly refreshToken: string | undefined
  /** Of the mail, if the account has none. */
  readonly language: string
  readonly entry: AuditEntry
}

/**
 * A handle for the code, which is mailed to the new email. The answer is the same if that email
 * belongs to another account: then its owner gets a mail without a code. The same if the new email
 * gets no mail now: it had five within an hour, or its provider refuses it.
 *
 * The session must have begun, or have given the password again, within 300 s, and its refresh
 * token must not be used up. Refuses otherwise with 'login_not_fresh'. Refuses with 'invalid_input'
 * without a refresh token, and with 'refresh_token_invalid' if it is not the session's. Refuses
 * with 'mail_off' if the service sends no mail. Refuses with 'mail_refused' if the account has
 * asked five times within an hour. No round trip for a bad token, one for any other. The answer
 * comes at the end of a span of 200 ms.
 */
export async function requestNewEmail(
  deps: Pick<
    Deps,
    'database' | 'runtime' | 'settings' | 'mailer' | 'accessTokens' | 'refreshTokens'
  >,
  token: string,
  { newEmail, refreshToken, language, entry }: AskedChange,
): Promise<
  Result<
    string,
    | UserTokenReason
    | ('mail_off' | 'mail_refused' | 'refresh_token_invalid')
    | NotFresh
    | InvalidInput
  >
> {
  const { database, runtime } = deps
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const caller = verified.value
  if (!deps.mailer) {
    const found = await findAccountByToken(database, caller)
    return found.ok ? refuse('mail_off') : found
  }
  const proof = await findProof(deps, caller, refreshToken)
  if (!proof.ok) return proof
  const code = newCode(deps, 'change_email', language, entry)
  const asked = {
    ...{ code, newEmail, maxAgeSeconds: freshLoginSeconds, existsMailId: createRandomId(runtime) },
    rotation: proof.value,
  }
  const queued = await inEvenTime(runtime, () => requestEmailChange(database, caller, asked))
  if (queued.ok) return succeed(code.handle)
  const { error } = queued
  return refuse(error === 'login_not_fresh' ? notFresh : error)
}
