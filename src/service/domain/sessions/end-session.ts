// Ends a session from another one of the same account, such as one on a lost phone or a library
// computer.

import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { endSessionOfAccount } from '../../store/session-endings.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/**
 * Ends a session of the token's account. Refuses with 'session_unknown' if the session is over, or
 * is not the account's. So a stranger's session looks the same as none. No round trip for a bad
 * token, one for any other. Atomic.
 *
 * @returns whether it was the token's own session
 */
export async function endSession(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens' | 'revocations'>,
  token: string,
  sessionId: string,
  entry: AuditEntry,
): Promise<Result<{ isOwn: boolean }, UserTokenReason | 'session_unknown'>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const ending = await endSessionOfAccount(deps.database, verified.value, sessionId, entry)
  if (!ending.ok) return ending
  deps.revocations.announce(ending.value)
  return succeed({ isOwn: verified.value.sessionId === sessionId })
}
