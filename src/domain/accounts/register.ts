// Registering: one conditional insert decides who gets the email, so that of any number of
// concurrent attempts exactly one is told yes.

import { createRandomId } from '../../crypto/random-id.ts'
import type { Deps } from '../../deps.ts'
import { type AccountReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { insertUser } from '../../store/users.ts'
import { issueAccessToken } from '../../token/access-token.ts'
import type { Email } from './identity.ts'

/**
 * A new account and its first access token. Atomic; one round trip; the work of one password hash,
 * whether the email is taken or not. Refuses with 'email_taken'.
 */
export async function register(
  deps: Pick<Deps, 'database' | 'runtime' | 'passwords' | 'accessTokens'>,
  input: { email: Email; password: string },
): Promise<Result<string, AccountReason>> {
  const tokenGeneration = createRandomId(deps.runtime)
  const passwordHash = await deps.passwords.hash(input.password)
  const userId = await insertUser(deps.database, { ...input.email, passwordHash, tokenGeneration })
  if (userId === undefined) return refuse('email_taken')
  const sessionId = createRandomId(deps.runtime)
  const subject = { userId, sessionId, tokenGeneration }
  return succeed(await issueAccessToken(deps.accessTokens, deps.runtime, subject))
}
