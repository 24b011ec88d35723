// Registration. One conditional insert decides who gets the email: of any number of concurrent
// attempts, exactly one succeeds.

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  type InvalidInput,
  type QueueReason,
  type Result,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import { deleteUserAndSession, insertUserAndSession } from '../../store/sessions.ts'
import { firstPasswordVersion } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import type { Email } from '../identity/email.ts'
import { hashFieldPassword } from '../identity/hash-new-password.ts'
import { renewDevice } from '../limits/login-attempts.ts'
import {
  beginIssuance,
  issueAccessTokenOf,
  type LoginPlace,
  type LoginTokens,
  newSession,
  trySigning,
} from '../tokens/tokens.ts'

/**
 * A new account and the tokens of its first session. Atomic. One round trip and the work of one
 * password hash, whether the email is taken or not. If the claims hook fails, a second round trip
 * deletes the account: the hook needs the id of an account that exists. Refuses with 'email_taken'.
 * Refuses with 'registration_closed' before everything else, if the settings say so. Refuses with
 * 'login_queue_full' before the hash and the round trip. Refuses with 'invalid_input' a password
 * that was in a data breach, before both.
 */
export async function register(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'passwords'
    | 'hashQueue'
    | 'breaches'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'settings'
    | 'deviceTokens'
  >,
  input: { readonly email: Email; readonly password: string },
  findPlace: () => LoginPlace,
  isGone: () => boolean,
  entry: AuditEntry,
): Promise<
  Result<LoginTokens, 'email_taken' | 'registration_closed' | QueueReason | InvalidInput>
> {
  if (deps.settings.registration === 'closed') return refuse('registration_closed')
  const hashed = await hashFieldPassword(deps, input.password, 'password', isGone)
  if (!hashed.ok) return hashed
  const tokenGeneration = createRandomId(deps.runtime)
  const user = { ...input.email, passwordHash: hashed.value, tokenGeneration }
  const issuance = beginIssuance(deps)
  const begun = newSession(deps, findPlace(), issuance)
  const { sessionId } = begun
  const refreshToken = await deps.refreshTokens.create({ sessionId, version: 1 })
  const device = renewDevice(deps)
  await trySigning(deps, issuance)
  const session = await insertUserAndSession(deps.database, user, begun, entry)
  if (!session) return refuse('email_taken')
  try {
    const issued = await issueAccessTokenOf(deps, session, issuance)
    const known = { ...device, userId: session.userId, passwordVersion: firstPasswordVersion }
    const deviceToken = await deps.deviceTokens.create(known, input.email.emailNormalized)
    return succeed({ ...issued, refreshToken, deviceToken })
  } catch (error) {
    // If the deletion fails too, the account stays, as after a lost answer. Its owner can log in.
    await deleteUserAndSession(deps.database, session, hashed.value, entry).catch(() => {})
    throw error
  }
}
