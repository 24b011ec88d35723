// Logging in: an unknown email and a wrong password get the same answer, after the same work (ASVS
// 6.3.8).

import { createRandomId } from '../../crypto/random-id.ts'
import type { Deps } from '../../deps.ts'
import { type AccountReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { findCredentialsByEmail } from '../../store/users.ts'
import { issueAccessToken } from '../../token/access-token.ts'
import { parseEmail, parsePassword } from './identity.ts'

/**
 * An access token of a new session. One round trip and the work of one password hash, whatever the
 * outcome. Refuses with 'invalid_credentials'.
 */
export async function login(
  deps: Pick<Deps, 'database' | 'runtime' | 'passwords' | 'accessTokens'>,
  typed: { email: string; password: string },
): Promise<Result<string, AccountReason>> {
  // Nobody has the empty email or the empty password: what cannot be an account takes the way of an
  // unknown one.
  const emailNormalized = parseEmail(typed.email)?.emailNormalized ?? ''
  const password = parsePassword(typed.password) ?? ''
  const user = await findCredentialsByEmail(deps.database, emailNormalized)
  const matches = await deps.passwords.verify(password, user?.passwordHash)
  if (!user || !matches) return refuse('invalid_credentials')
  const sessionId = createRandomId(deps.runtime)
  return succeed(await issueAccessToken(deps.accessTokens, deps.runtime, { ...user, sessionId }))
}
