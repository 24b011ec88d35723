import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { type ListedSession, listSessionsByToken } from '../../store/sessions.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/** A session as its owner sees it, and whether it is the caller's. */
export interface OwnSession extends ListedSession {
  readonly isCurrent: boolean
}

/**
 * The living sessions of the token's account, most recently used first, at most 100. No round trip
 * for a bad token, one for any other.
 */
export async function listSessions(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<readonly OwnSession[], UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const { sessionId } = verified.value
  const listed = await listSessionsByToken(deps.database, verified.value)
  if (!listed.ok) return listed
  return succeed(
    listed.value.map((session) => ({ ...session, isCurrent: session.sessionId === sessionId })),
  )
}
