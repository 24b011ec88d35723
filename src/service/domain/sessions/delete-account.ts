// The owner of an account wants it deleted (GDPR article 17). All sessions end at once, and the
// account is deleted some days later, unless its owner logs in before. The proof is a fresh login
// and its refresh token, because APIs see access tokens (decision 35).

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  type InvalidInput,
  type Result,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../../errors/reasons.ts'
import { planDeletion } from '../../store/account-deletion.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { findProof, freshLoginSeconds, type NotFresh, notFresh } from './fresh-login.ts'

/** What the user sends. */
interface AskedDeletion extends NoticeReader {
  /** The refresh token of the session. */
  readonly refreshToken: string | undefined
  readonly entry: AuditEntry
}

/**
 * Plans the deletion of the token's account, or deletes it if ACCOUNT_DELETION_DAYS is 0. All of
 * its sessions and tokens end. A mail tells the owner, unless the account is gone. Refuses with
 * 'login_not_fresh' if the session was authenticated more than 300 s ago, or the refresh token is
 * used up. Refuses with 'invalid_input' without a refresh token, and with 'refresh_token_invalid'
 * if it is not the session's. No round trip for a bad token of either kind, one for any other.
 * Exactly one of several concurrent calls succeeds. A refusal changes nothing. When it has
 * succeeded, the guards of this isolate know the revocation. Atomic.
 *
 * @returns when the account is deleted, in seconds since 1970; undefined if it is
 */
export async function deleteOwnAccount(
  deps: Pick<
    Deps,
    | 'database'
    | 'runtime'
    | 'settings'
    | 'accessTokens'
    | 'refreshTokens'
    | 'revocations'
    | 'mailer'
  >,
  token: string,
  asked: AskedDeletion,
): Promise<
  Result<number | undefined, UserTokenReason | InvalidInput | NotFresh | 'refresh_token_invalid'>
> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const proof = await findProof(deps, verified.value, asked.refreshToken)
  if (!proof.ok) return proof
  const planned = await planDeletion(deps.database, verified.value, {
    days: deps.settings.accountDeletionDays,
    tokenGeneration: createRandomId(deps.runtime),
    maxAgeSeconds: freshLoginSeconds,
    rotation: proof.value,
    notice: deps.mailer ? createNotice(deps, asked) : undefined,
    entry: asked.entry,
  })
  if (!planned.ok) return refuse(planned.error === 'login_not_fresh' ? notFresh : planned.error)
  deps.revocations.announce(planned.value.revocation)
  return succeed(planned.value.deletionDueAt)
}
