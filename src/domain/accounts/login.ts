// Logging in: an unknown email and a wrong password get the same answer, after the same work (ASVS
// 6.3.8).

import type { Deps } from '../../deps.ts'
import { type AccountReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { insertSession } from '../../store/sessions.ts'
import { findCredentialsByEmail } from '../../store/users.ts'
import {
  beginIssuance,
  type IssuedTokens,
  issueTokens,
  type LoginPlace,
  newSession,
} from '../sessions/tokens.ts'
import { parseEmail, parsePassword } from './identity.ts'

/**
 * The tokens of a new session. Refuses with 'invalid_credentials', which is also what becomes of a
 * login during which the password is changed or the account disabled. One round trip and the work of
 * one password hash for whoever is refused, whatever the reason; one round trip more otherwise.
 */
export async function login(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'passwords'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'sessionLifetimes'
  >,
  typed: { readonly email: string; readonly password: string },
  place: LoginPlace,
): Promise<Result<IssuedTokens, AccountReason>> {
  // Nobody has the empty email or the empty password: what cannot be an account takes the way of an
  // unknown one.
  const emailNormalized = parseEmail(typed.email)?.emailNormalized ?? ''
  const password = parsePassword(typed.password) ?? ''
  const user = await findCredentialsByEmail(deps.database, emailNormalized)
  const matches = await deps.passwords.verify(password, user?.passwordHash)
  if (!user || !matches) return refuse('invalid_credentials')
  const issuance = beginIssuance(deps)
  const session = await insertSession(deps.database, newSession(deps, place, issuance), user)
  if (!session) return refuse('invalid_credentials')
  return succeed(await issueTokens(deps, session, issuance))
}
