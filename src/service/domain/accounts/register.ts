// Registering: one conditional insert decides who gets the email, so that of any number of
// concurrent attempts exactly one is told yes.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type QueueReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { insertUserAndSession } from '../../store/sessions.ts'
import type { Deps } from '../deps.ts'
import type { Email } from '../identity/identity.ts'
import {
  beginIssuance,
  type IssuedTokens,
  issueTokens,
  type LoginPlace,
  newSession,
} from '../tokens/tokens.ts'

/**
 * A new account and the tokens of its first session. Atomic; one round trip; the work of one
 * password hash, whether the email is taken or not. Refuses with 'email_taken', or, before the hash
 * and the round trip, with 'login_queue_full'.
 */
export async function register(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'passwords'
    | 'hashQueue'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'settings'
  >,
  input: { readonly email: Email; readonly password: string },
  findPlace: () => LoginPlace,
  isGone: () => boolean,
): Promise<Result<IssuedTokens, 'email_taken' | QueueReason>> {
  const turn = deps.hashQueue.join(isGone)
  if (!turn.ok) return turn
  const tokenGeneration = createRandomId(deps.runtime)
  const hashed = await turn.value.hash(() => deps.passwords.hash(input.password))
  if (!hashed.ok) return hashed
  const user = { ...input.email, passwordHash: hashed.value, tokenGeneration }
  const issuance = beginIssuance(deps)
  const begun = newSession(deps, findPlace(), issuance)
  const session = await insertUserAndSession(deps.database, user, begun)
  return session ? succeed(await issueTokens(deps, session, issuance)) : refuse('email_taken')
}
