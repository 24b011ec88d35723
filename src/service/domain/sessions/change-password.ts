// The user changes the password (ASVS 6.2.3, 7.4.3, 7.5.1). The proof is the old password, or a
// fresh login and its refresh token, because APIs see access tokens. Every access token ends, and
// so do the other sessions, unless the user keeps them. No credential gives a longer or stronger
// one (decision 35).

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  type ChangeReason,
  type InvalidInput,
  type QueueReason,
  type Result,
  type RevocationReason,
  refuse,
  succeed,
  type UserTokenReason,
} from '../../../errors/reasons.ts'
import type { Counted, TooManyAttempts } from '../../store/attempts.ts'
import {
  type ChangedPassword,
  type PasswordChange,
  updatePassword,
} from '../../store/password-change.ts'
import type { SessionToConfirm } from '../../store/password-checks.ts'
import type { CallerToken } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import type { Deps } from '../deps.ts'
import { breachedPassword } from '../identity/breach-check.ts'
import { comparedEmail } from '../identity/email.ts'
import { hashFieldPassword } from '../identity/hash-new-password.ts'
import type { HashTurn } from '../identity/hash-queue.ts'
import { passwordProblem } from '../identity/password-policy.ts'
import type { SessionPurpose } from '../limits/attempt-keys.ts'
import { renewDevice } from '../limits/login-attempts.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'
import type { RefreshTokenClaims } from '../tokens/refresh-token.ts'
import { beginIssuance, expiryOf, issueAccessTokenOf, type LoginTokens } from '../tokens/tokens.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { type ConfirmReason, confirmPassword } from './confirm-password.ts'
import { beginExchange, prepareExchange, verifyOwnRefreshToken } from './exchange.ts'
import { freshLoginSeconds, type NotFresh, notFresh, withoutProof } from './fresh-login.ts'
import { createSuccessor, rotationOf, signedRotation } from './refresh.ts'

const purpose: SessionPurpose = 'change_password'
/** The member of the body. */
const field = 'new_password'

type ChangeDeps = Pick<
  Deps,
  | 'database'
  | 'runtime'
  | 'settings'
  | 'accessTokens'
  | 'claims'
  | 'refreshTokens'
  | 'passwords'
  | 'hashQueue'
  | 'breaches'
  | 'attemptKeys'
  | 'deviceTokens'
  | 'revocations'
  | 'log'
  | 'mailer'
>

/** What the user asks for. */
interface AskedChange extends NoticeReader {
  /** In its normal form. By the policy, as far as that does not need the email. */
  readonly newPassword: string
  /** The old password, if it is given. */
  readonly password: string | undefined
  /** The refresh token of the session, if it is presented. */
  readonly refreshToken: string | undefined
  /** Whether the other sessions go on. Their access tokens end all the same. */
  readonly keepsSessions: boolean
  readonly entry: AuditEntry
}

/** The genuine refresh token of the session, if one was presented. */
type Presented = RefreshTokenClaims | undefined

/** A device token, and the tokens of the caller's session that it is entitled to. */
export type TokensAfterChange = Pick<LoginTokens, 'deviceToken'> & Partial<LoginTokens>

type CommitReason =
  | RevocationReason
  | ChangeReason
  | QueueReason
  | NotFresh['reason']
  | InvalidInput

/**
 * Changes the password of the token's account, and gives a new device token. Older ones are void.
 * With the old password there is also a fresh access token of the session, with `auth_time` as of
 * now. With the session's refresh token there are both tokens, unless it is used up. If that token
 * is a copy, as a refresh judges it, the session ends as well, and there is only the device token.
 *
 * With the old password, it refuses as `confirmPassword`, and takes two round trips. Without it,
 * the session must have given the password within 300 s, and its refresh token must not be used up.
 * Refuses otherwise with 'login_not_fresh'; one round trip, and a second one with a claims hook.
 * The work of one password hash, and of a second one with the old password. Refuses with
 * 'invalid_input' without the old password and the refresh token, before any round trip and hash.
 *
 * Of several concurrent calls exactly one succeeds. The others are refused with 'token_revoked'.
 * Refuses with 'account_changing' if password or roles change meanwhile. Refuses with
 * 'refresh_token_invalid' if the refresh token is not the session's. Refuses with 'invalid_input' a
 * new password that was in a data breach. With the old password, it also refuses one that is made
 * of the account's email; without it, the email is not known in time. A refusal changes nothing,
 * and neither does a failure to sign. When it has succeeded, the guards of this isolate know the
 * revocation. Atomic.
 */
export async function changePassword(
  deps: ChangeDeps,
  token: string,
  asked: AskedChange,
  isGone: () => boolean,
): Promise<
  Result<
    TokensAfterChange,
    | UserTokenReason
    | ConfirmReason
    | ChangeReason
    | TooManyAttempts
    | NotFresh
    | InvalidInput
    | 'refresh_token_invalid'
  >
> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const caller = verified.value
  const own = await verifyOwnRefreshToken(deps, asked.refreshToken, caller.sessionId)
  if (!own.ok) return own
  const presented = own.value
  const { password, entry } = asked
  const given = password === undefined ? undefined : { password, purpose, isGone, entry }
  const changed = await (given
    ? confirmPassword(deps, caller, given, (confirmed, turn) =>
        changeByPassword(deps, caller, { ...asked, presented }, { confirmed, turn }),
      )
    : presented
      ? changeByFreshLogin(deps, caller, { ...asked, presented }, isGone)
      : refuse(withoutProof(deps, 'password', 'the password, or ')))
  if (changed.ok) return changed
  return changed.error === 'login_not_fresh' ? refuse(notFresh) : refuse(changed.error)
}

/**
 * One round trip: whether the login is fresh shows only after the hash. So the place in the queue
 * is that of a stranger. Otherwise a dead token could hash ahead of logins again and again.
 */
async function changeByFreshLogin(
  deps: ChangeDeps,
  caller: CallerToken,
  change: AskedChange & { readonly presented: RefreshTokenClaims },
  isGone: () => boolean,
): Promise<Result<TokensAfterChange, CommitReason>> {
  const hashed = await hashFieldPassword(deps, change.newPassword, field, isGone)
  if (!hashed.ok) return hashed
  const tokenGeneration = createRandomId(deps.runtime)
  const begun = await beginExchange(deps, change.presented, tokenGeneration)
  const exchange = await prepareExchange(deps, begun)
  const committed = await commit(deps, caller, {
    passwordHash: hashed.value,
    tokenGeneration,
    keepsSessions: change.keepsSessions,
    proof: { maxAgeSeconds: freshLoginSeconds },
    entry: change.entry,
    // Without tokens to give, the refresh token is no proof.
    rotation: exchange.sign && exchange.rotation,
    notice: noticeOf(deps, change),
  })
  if (!committed.ok) return committed
  const { session, deviceToken } = committed.value
  const tokens = session && (await exchange.sign?.(session))
  return succeed({ ...tokens, deviceToken })
}

/** The access token is signed before the commit, for the session as it was read. */
async function changeByPassword(
  deps: ChangeDeps,
  caller: CallerToken,
  asked: AskedChange & { readonly presented: Presented },
  { confirmed, turn }: { readonly confirmed: Counted<SessionToConfirm>; readonly turn: HashTurn },
): Promise<Result<TokensAfterChange, CommitReason>> {
  const { newPassword, keepsSessions, presented, entry } = asked
  const { passwordPolicy, issuer } = deps.settings
  const email = comparedEmail(confirmed.found.email)
  const message = passwordProblem(passwordPolicy, newPassword, { email, issuer })
  if (message !== undefined)
    return refuse({ reason: 'invalid_input', errors: [{ field, message }] })
  if (await deps.breaches.isBreached(newPassword)) return refuse(breachedPassword(field))
  const hashed = await turn.hash(() => deps.passwords.hash(newPassword))
  if (!hashed.ok) return hashed
  const tokenGeneration = createRandomId(deps.runtime)
  const issuance = beginIssuance(deps)
  const session = { ...confirmed.found, tokenGeneration }
  const issued = await issueAccessTokenOf(deps, session, issuance)
  const successor = presented && (await createSuccessor(deps, presented))
  const rotation = presented && (await rotationOf(deps, presented, issuance))
  const committed = await commit(deps, caller, {
    passwordHash: hashed.value,
    tokenGeneration,
    keepsSessions,
    proof: { confirmed, tokenExpiresAt: expiryOf(session, issuance) },
    entry,
    rotation: rotation && signedRotation(rotation, session, issuance),
    notice: noticeOf(deps, asked),
  })
  if (!committed.ok) return committed
  const { session: exchanged, deviceToken, isEnded } = committed.value
  if (isEnded) return succeed({ deviceToken })
  const refreshToken = exchanged && successor
  return succeed({ ...issued, ...(refreshToken && { refreshToken }), deviceToken })
}

/** A service without mail tells nobody. */
function noticeOf(deps: Pick<Deps, 'runtime' | 'mailer'>, asked: AskedChange) {
  return deps.mailer && createNotice(deps, asked)
}

/** The change, and the device token of the new password. */
async function commit(
  deps: Pick<Deps, 'database' | 'runtime' | 'revocations' | 'deviceTokens' | 'log'>,
  caller: CallerToken,
  change: PasswordChange,
): Promise<Result<Pick<ChangedPassword, 'session' | 'isEnded'> & TokensAfterChange, CommitReason>> {
  const device = renewDevice(deps)
  const changed = await updatePassword(deps.database, caller, change)
  if (!changed.ok) return changed
  const { revocation, email, passwordVersion, session, isEnded } = changed.value
  if (isEnded) {
    const { userId, sessionId } = caller
    deps.log(JSON.stringify({ event: 'refresh_token_reused', userId, sessionId }))
  }
  deps.revocations.announce(revocation)
  const known = { ...device, userId: caller.userId, passwordVersion }
  const deviceToken = await deps.deviceTokens.create(known, comparedEmail(email))
  return succeed({ session, isEnded, deviceToken })
}
