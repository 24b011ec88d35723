// The user gives the password again before an important action (ASVS 7.5.1, RFC 9470). The session
// goes on. From now on its tokens say when that was.

import { type Result, refuse, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import type { TooManyAttempts } from '../../store/attempts.ts'
import type { RightPassword } from '../../store/hash-renewal.ts'
import { type SessionToConfirm, updateAuthenticatedAt } from '../../store/password-checks.ts'
import type { CallerToken } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { parsePassword } from '../identity/identity.ts'
import {
  beginIssuance,
  expiryOf,
  type IssuedAccessToken,
  issueAccessTokenOf,
} from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { type ConfirmReason, confirmPassword } from './confirm-password.ts'
import { renewHash } from './renew-hash.ts'

/**
 * A fresh access token of the token's session, with `auth_time` as of now. Refuses as
 * `confirmPassword`. Refuses with 'token_revoked' also if the account changes meanwhile. No round
 * trip for a bad token, two for a right password. Replaces the
 * stored hash as a login does.
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
  entry: AuditEntry,
): Promise<Result<IssuedAccessToken, UserTokenReason | ConfirmReason | TooManyAttempts>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const caller = verified.value
  const given = { password: typed.password, purpose: 'reauthenticate', isGone, entry } as const
  return confirmPassword(deps, caller, given, async (confirmed) => {
    const password = parsePassword(typed.password) ?? ''
    const renewal = await renewHash(deps, confirmed.found, password, isGone)
    return issueAgain(deps, caller, { ...confirmed, renewal }, entry)
  })
}

async function issueAgain(
  deps: Pick<Deps, 'database' | 'runtime' | 'settings' | 'accessTokens' | 'claims'>,
  caller: CallerToken,
  confirmed: RightPassword<SessionToConfirm>,
  entry: AuditEntry,
): Promise<Result<IssuedAccessToken, 'token_revoked'>> {
  const session = confirmed.found
  const issuance = beginIssuance(deps)
  const issued = await issueAccessTokenOf(deps, session, issuance)
  const expiresAt = expiryOf(session, issuance)
  const isNoted = await updateAuthenticatedAt(deps.database, caller, confirmed, expiresAt, entry)
  return isNoted ? succeed(issued) : refuse('token_revoked')
}
