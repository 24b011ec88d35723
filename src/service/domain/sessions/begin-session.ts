// Begins a session after a login. Its first access token is signed before the commit (decision 29).

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import { maxTokenLifetimeSeconds } from '../../../token/token-lifetime.ts'
import type { BegunInStore, Changed, NewSession } from '../../store/sessions.ts'
import type { CheckedAccount, TokenAccount } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import {
  beginIssuance,
  type IssuedTokens,
  issueAccessTokenOf,
  type LoginPlace,
  newSession,
  signBeforeCommit,
} from '../tokens/tokens.ts'

/** A session that is about to begin, and how the store begins it. */
interface BeginningSession<Reason> {
  readonly account: CheckedAccount
  /** What the commit changes of the account. Default: nothing. */
  readonly changes?: Partial<TokenAccount>
  readonly place: LoginPlace
  /**
   * Commits, unless the account is no longer as it was read. Its revocations are announced.
   */
  insert(
    session: NewSession,
    read: CheckedAccount,
  ): Promise<Result<BegunInStore, { readonly reason: Reason } | Changed<CheckedAccount>>>
}

/** The tokens of a new session. */
interface BegunSession extends IssuedTokens {
  /** Whether the deletion of the account was planned, and is not any more. */
  readonly isDeletionCancelled: boolean
  /** Whether a mail to the owner is queued. */
  readonly isOwnerTold: boolean
}

/**
 * The tokens of a new session. Refuses as `insert`, and with 'account_changing' if the account
 * changes twice meanwhile. One round trip, and a second one if it changes once.
 */
export async function beginSession<Reason extends string>(
  deps: Pick<
    Deps,
    'runtime' | 'settings' | 'accessTokens' | 'claims' | 'refreshTokens' | 'revocations'
  >,
  { account, changes, place, insert }: BeginningSession<Reason>,
): Promise<Result<BegunSession, Reason | 'account_changing'>> {
  const issuance = beginIssuance(deps)
  const session = newSession(deps, place, issuance)
  const { sessionId, lifetimes } = session
  const refreshToken = await deps.refreshTokens.create({ sessionId, version: 1 })
  const begin = (read: CheckedAccount) => ({
    ...{ ...read, ...changes, sessionId, authenticatedAt: read.readAt },
    tokenExpiresAt: Math.min(issuance.expiresAt, read.readAt + longestLife(lifetimes)),
  })
  let isDeletionCancelled = false
  let isOwnerTold = false
  const issued = await signBeforeCommit<CheckedAccount, { readonly reason: Reason }>(
    account,
    (read) => issueAccessTokenOf(deps, begin(read), issuance),
    async (read) => {
      const { authenticatedAt, tokenExpiresAt } = begin(read)
      const inserted = await insert({ ...session, authenticatedAt, tokenExpiresAt }, read)
      if (inserted.ok) {
        for (const ended of inserted.value.revocations) deps.revocations.announce(ended)
        isOwnerTold = inserted.value.isOwnerTold
      }
      isDeletionCancelled = read.deletionDueAt !== null
      return inserted
    },
  )
  if (!issued.ok) return refuse(issued.error.reason)
  return succeed({ ...issued.value, refreshToken, isDeletionCancelled, isOwnerTold })
}

/** The longest life of the first access token of a session, in seconds. */
function longestLife({ idleSeconds, absoluteSeconds }: NewSession['lifetimes']): number {
  return Math.min(idleSeconds, absoluteSeconds, maxTokenLifetimeSeconds)
}
