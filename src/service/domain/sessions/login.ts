// Login. An unknown email and a wrong password get the same answer, after the same work (ASVS
// 6.3.8).

import {
  type ChangeReason,
  type QueueReason,
  type Result,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import { maxTokenLifetimeSeconds } from '../../../token/token-lifetime.ts'
import { insertSession, type NewSession } from '../../store/sessions.ts'
import { type CheckedAccount, findCredentialsByEmail } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import { emailSpellings } from '../identity/email.ts'
import { parsePassword } from '../identity/identity.ts'
import {
  beginIssuance,
  type IssuedTokens,
  issueAccessTokenOf,
  type LoginPlace,
  newSession,
  signBeforeCommit,
} from '../tokens/tokens.ts'

/**
 * The tokens of a new session. Two round trips, and a third if generation or roles change in
 * between. Refuses with 'account_changing' if they change again. Refuses with 'invalid_credentials'
 * after one round trip and the work of one password hash, whatever the reason. If the password is
 * changed or the account disabled meanwhile, the same refusal comes with a later round trip.
 *
 * Refuses with 'login_queue_full', without a hash, if too many passwords wait to be hashed. That is
 * before any round trip. It comes after one if the turn does not come within 5 s, or the client
 * hangs up.
 *
 * If there are more than MAX_SESSIONS_PER_USER, the round trip that begins the session also ends
 * others. They are those whose refresh token was used least recently, at most 1,000.
 */
export async function login(
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
    | 'revocations'
  >,
  typed: { readonly email: string; readonly password: string },
  findPlace: () => LoginPlace,
  isGone: () => boolean,
): Promise<Result<IssuedTokens, 'invalid_credentials' | QueueReason | ChangeReason>> {
  const turn = deps.hashQueue.join(isGone)
  if (!turn.ok) return turn
  // No account has the empty password. So text that cannot be a password is treated like an unknown
  // account.
  const spellings = emailSpellings(typed.email)
  const password = parsePassword(typed.password) ?? ''
  const user = await turn.value.keepDuring(findCredentialsByEmail(deps.database, spellings))
  const matches = await turn.value.hash(() => deps.passwords.verify(password, user?.passwordHash))
  if (!matches.ok) return matches
  if (!user || !matches.value) return refuse('invalid_credentials')
  const issuance = beginIssuance(deps)
  const session = newSession(deps, findPlace(), issuance)
  const { sessionId, lifetimes } = session
  const refreshToken = await deps.refreshTokens.create({ sessionId, version: 1 })
  const begin = (account: CheckedAccount) => ({
    ...{ ...account, sessionId, authenticatedAt: account.readAt },
    tokenExpiresAt: Math.min(issuance.expiresAt, account.readAt + longestLife(lifetimes)),
  })
  const issued = await signBeforeCommit(
    user,
    (account) => issueAccessTokenOf(deps, begin(account), issuance),
    async (account) => {
      const { authenticatedAt, tokenExpiresAt } = begin(account)
      const begun = { ...session, authenticatedAt, tokenExpiresAt }
      const { maxSessionsPerUser } = deps.settings
      const inserted = await insertSession(deps.database, begun, account, maxSessionsPerUser)
      if (inserted.ok) for (const ended of inserted.value) deps.revocations.announce(ended)
      return inserted
    },
  )
  return issued.ok ? succeed({ ...issued.value, refreshToken }) : refuse(issued.error.reason)
}

/** The longest life of the first access token of a session, in seconds. */
function longestLife({ idleSeconds, absoluteSeconds }: NewSession['lifetimes']): number {
  return Math.min(idleSeconds, absoluteSeconds, maxTokenLifetimeSeconds)
}
