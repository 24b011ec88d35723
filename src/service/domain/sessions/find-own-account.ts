import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { findSessionsByToken, type ListedSession } from '../../store/sessions.ts'
import type { Account } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { freshLoginSeconds } from './fresh-login.ts'

/** A session as its owner sees it, and whether it is the caller's. */
export interface OwnSession extends ListedSession {
  readonly isCurrent: boolean
}

/** An account as its owner sees it. */
export interface OwnAccount {
  readonly account: Account
  /** Those that live, most recently used first, at most 100. */
  readonly sessions: readonly OwnSession[]
  /** Whether the login of the token is fresh, by the clock of the service. */
  readonly isFresh: boolean
}

/** The token's account with its sessions. No round trip for a bad token, one for any other. */
export async function findOwnAccount(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<OwnAccount, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const { sessionId, claims } = verified.value
  const found = await findSessionsByToken(deps.database, verified.value)
  if (!found.ok) return found
  const { account, sessions } = found.value
  return succeed({
    account,
    sessions: sessions.map((session) => ({
      ...session,
      isCurrent: session.sessionId === sessionId,
    })),
    isFresh: (claims.auth_time ?? 0) + freshLoginSeconds >= deps.runtime.now(),
  })
}
