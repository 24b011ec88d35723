// The user gives the password again before an important action (ASVS 7.5.1, RFC 9470). The session
// goes on. From now on its tokens say when that was.

import {
  type QueueReason,
  type Result,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../../errors/reasons.ts'
import { findSessionToConfirm, updateAuthenticatedAt } from '../../store/sessions.ts'
import type { Deps } from '../deps.ts'
import { parsePassword } from '../identity/identity.ts'
import {
  beginIssuance,
  expiryOf,
  type IssuedAccessToken,
  issueAccessTokenOf,
} from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * A fresh access token of the token's session, with `auth_time` as of now. Refuses with
 * 'password_wrong'. Refuses with 'token_revoked' also if the account changes meanwhile. No round
 * trip for a bad token, one for a wrong password or a revoked token, two otherwise. The work of one
 * password hash, and none for a token that is refused before.
 *
 * Refuses with 'login_queue_full', without a hash, if too many passwords wait to be hashed. That is
 * before any round trip. It comes after one if the turn does not come within 5 s, or the client
 * hangs up.
 */
export async function reauthenticate(
  deps: Pick<
    Deps,
    'database' | 'runtime' | 'settings' | 'accessTokens' | 'claims' | 'passwords' | 'hashQueue'
  >,
  token: string,
  typed: { readonly password: string },
  isGone: () => boolean,
): Promise<Result<IssuedAccessToken, UserTokenReason | 'password_wrong' | QueueReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const turn = deps.hashQueue.join(isGone)
  if (!turn.ok) return turn
  const reading = findSessionToConfirm(deps.database, verified.value)
  const session = await turn.value.keepDuring(reading)
  if (!session.ok) {
    turn.value.leave()
    return session
  }
  const { passwordHash } = session.value
  const password = parsePassword(typed.password) ?? ''
  const matches = await turn.value.hash(() => deps.passwords.verify(password, passwordHash))
  if (!matches.ok) return matches
  if (!matches.value) return refuse('password_wrong')
  const issuance = beginIssuance(deps)
  const issued = await issueAccessTokenOf(deps, session.value, issuance)
  const expiresAt = expiryOf(session.value, issuance)
  const { database } = deps
  const isNoted = await updateAuthenticatedAt(database, verified.value, session.value, expiresAt)
  return isNoted ? succeed(issued) : refuse('token_revoked')
}
