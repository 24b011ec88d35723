// Giving the password again before something that matters (ASVS 7.5.1; RFC 9470): the session goes
// on, and from now on its tokens say when that was.

import type { Deps } from '../../deps.ts'
import {
  type Result,
  refuse,
  type SessionReason,
  succeed,
  type UserTokenReason,
} from '../../errors/reasons.ts'
import { updateAuthenticatedAt } from '../../store/sessions.ts'
import { findCredentialsByToken } from '../../store/users.ts'
import { parsePassword } from '../accounts/identity.ts'
import { verifyUserToken } from '../accounts/user-token.ts'
import { beginIssuance, type IssuedAccessToken, issueAccessTokenOf } from './tokens.ts'

/**
 * A fresh access token of the token's session, with `auth_time` as of now. Refuses with
 * 'password_wrong'. No round trip for a bad token, one for a wrong password or a revoked token, two
 * otherwise; the work of one password hash.
 */
export async function reauthenticate(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens' | 'claims' | 'passwords'>,
  token: string,
  typed: { readonly password: string },
): Promise<Result<IssuedAccessToken, UserTokenReason | SessionReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const found = await findCredentialsByToken(deps.database, verified.value)
  if (found.isRevoked) return refuse('token_revoked')
  if (!found.credentials) return refuse('account_gone')
  const { passwordHash } = found.credentials
  const matches = await deps.passwords.verify(parsePassword(typed.password) ?? '', passwordHash)
  if (!matches) return refuse('password_wrong')
  const issuance = beginIssuance(deps)
  const again = { passwordHash, tokenExpiresAt: issuance.expiresAt }
  const session = await updateAuthenticatedAt(deps.database, verified.value, again)
  if (!session) return refuse('token_revoked')
  return succeed(await issueAccessTokenOf(deps, session, issuance))
}
