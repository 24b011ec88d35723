// The user gives the password again before an important action (ASVS 7.5.1, RFC 9470). The session
// goes on. From now on its tokens say when that was.

import {
  type QueueReason,
  type Result,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../../errors/reasons.ts'
import type { AttemptKeys, TooManyAttempts } from '../../store/attempts.ts'
import { findSessionToConfirm, updateAuthenticatedAt } from '../../store/password-checks.ts'
import type { CallerToken } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { parsePassword } from '../identity/identity.ts'
import { chargeAttempt } from '../limits/charged-attempt.ts'
import {
  beginIssuance,
  expiryOf,
  type IssuedAccessToken,
  issueAccessTokenOf,
} from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

type ConfirmReason = UserTokenReason | 'password_wrong' | QueueReason

/**
 * A fresh access token of the token's session, with `auth_time` as of now. Refuses with
 * 'password_wrong'. Refuses with 'token_revoked' also if the account changes meanwhile. No round
 * trip for a bad token, one for a wrong password or a revoked token, two otherwise. The work of one
 * password hash, and none for a token that is refused before. Refuses with 'too_many_attempts',
 * after one round trip and without a hash, whether the password is right or not.
 *
 * Refuses with 'login_queue_full', without a hash, if too many passwords wait to be hashed. That is
 * before any round trip. It comes after one if the turn does not come within 5 s, or the client
 * hangs up.
 */
export async function reauthenticate(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'settings'
    | 'accessTokens'
    | 'claims'
    | 'passwords'
    | 'hashQueue'
    | 'attemptKeys'
  >,
  token: string,
  typed: { readonly password: string },
  isGone: () => boolean,
): Promise<Result<IssuedAccessToken, ConfirmReason | TooManyAttempts>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const turn = deps.hashQueue.join(isGone, verified.value.userId)
  if (!turn.ok) return turn
  const caller = verified.value
  const keys = await sessionKeysOf(deps, caller)
  const reading = findSessionToConfirm(deps.database, caller, keys, deps.settings.limits.attempts)
  const counted = await turn.value.keepDuring(reading)
  if (!counted.ok) {
    turn.value.leave()
    return counted
  }
  const { found: session, attempt } = counted.value
  return chargeAttempt<IssuedAccessToken, ConfirmReason>(deps, attempt, async () => {
    const password = parsePassword(typed.password) ?? ''
    const matches = await turn.value.hash(() =>
      deps.passwords.verify(password, session.passwordHash),
    )
    if (!matches.ok) return matches
    if (!matches.value) return refuse('password_wrong')
    const issuance = beginIssuance(deps)
    const issued = await issueAccessTokenOf(deps, session, issuance)
    const expiresAt = expiryOf(session, issuance)
    const isNoted = await updateAuthenticatedAt(deps.database, caller, counted.value, expiresAt)
    return isNoted ? succeed(issued) : refuse('token_revoked')
  })
}

/** The session is the source: a stolen token of one session closes no other one. */
async function sessionKeysOf(
  { attemptKeys }: Pick<Deps, 'attemptKeys'>,
  { userId, sessionId }: CallerToken,
): Promise<AttemptKeys> {
  const account = await attemptKeys.ofAccount('reauthenticate', String(userId))
  return { account, source: await attemptKeys.ofSource(account, 'session', sessionId) }
}
