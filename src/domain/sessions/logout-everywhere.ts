// Logging out everywhere: the generation that is in all of the user's tokens is revoked and
// replaced, and every session ends. One row in the feed, however many sessions there were.

import { createRandomId } from '../../crypto/random-id.ts'
import type { Deps } from '../../deps.ts'
import { type Result, refuse, succeed, type UserTokenReason } from '../../errors/reasons.ts'
import { endAllSessions } from '../../store/session-endings.ts'
import { verifyUserToken } from '../accounts/user-token.ts'
import { type IssuedTokens, issueTokens } from './tokens.ts'

/**
 * Ends every session of the token's account. With `keepCurrent` the caller goes on in a fresh
 * session, whose tokens are returned; it inherits when the password was given, and how long it may
 * live in all. Of several concurrent calls exactly one succeeds; the others are refused with
 * 'token_revoked'. When it has succeeded the revocation is stored, and known to the guards of this
 * isolate. No round trip for a bad token, one for any other. Atomic.
 */
export async function logoutEverywhere(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'accessTokens'
    | 'claims'
    | 'refreshTokens'
    | 'sessionLifetimes'
    | 'longestAccessTokenLifetimeSeconds'
    | 'revokeInIsolate'
  >,
  token: string,
  { keepCurrent }: { readonly keepCurrent: boolean },
): Promise<Result<IssuedTokens | undefined, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const sessionId = createRandomId(deps.runtime)
  const { idleSeconds } = deps.sessionLifetimes
  const outcome = await endAllSessions(deps.database, verified.value, {
    tokenGeneration: createRandomId(deps.runtime),
    longestLifetimeSeconds: deps.longestAccessTokenLifetimeSeconds,
    continuation: keepCurrent ? { sessionId, idleSeconds } : undefined,
  })
  if (outcome === 'already_revoked') return refuse('token_revoked')
  if (outcome === 'account_gone') return refuse('account_gone')
  deps.revokeInIsolate(outcome.revocation)
  return succeed(outcome.continued && (await issueTokens(deps, outcome.continued)))
}
