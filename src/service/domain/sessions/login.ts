// Login. An unknown email and a wrong password get the same answer, after the same work (ASVS
// 6.3.8).

import {
  type ChangeReason,
  type QueueReason,
  type Result,
  refuse,
  succeed,
} from '../../../errors/reasons.ts'
import type { CountedAttempt, TooManyAttempts } from '../../store/attempts.ts'
import type { RequestedCode } from '../../store/code-requests.ts'
import type { Notice } from '../../store/outgoing-mail.ts'
import { findAccountToLogIn } from '../../store/password-checks.ts'
import { insertSession } from '../../store/sessions.ts'
import { requestCodeAtLogin } from '../../store/unverified-login.ts'
import type { CheckedAccount } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { newCode } from '../codes/request-code.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail, emailSpellings } from '../identity/email.ts'
import { parsePassword } from '../identity/identity.ts'
import { chargeAttempt } from '../limits/charged-attempt.ts'
import { findDevice, type LoginClient, loginKeysOf, renewDevice } from '../limits/login-attempts.ts'
import { createNotice } from '../mail/notice.ts'
import type { LoginPlace, LoginTokens } from '../tokens/tokens.ts'
import { beginSession } from './begin-session.ts'
import { createLoginNotice } from './login-notice.ts'
import { renewHash } from './renew-hash.ts'

/** What a login needs. */
type LoginDeps = Pick<
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
  | 'attemptKeys'
  | 'deviceTokens'
  | 'mailer'
>

/** The tokens of a login. */
interface PasswordLogin extends LoginTokens {
  /** Whether the provider of the email refuses mail to it for good. */
  readonly isEmailRefused: boolean
  /** Whether the deletion of the account was planned, and is not any more. */
  readonly isDeletionCancelled: boolean
  /** Whether a mail to the owner is queued. */
  readonly isOwnerTold: boolean
}

/** The password is right, but nobody has proved the email. */
interface UnverifiedEmail {
  readonly reason: 'email_unverified'
  /** For the code that was mailed. Undefined: the email gets no mail now. */
  readonly handle: string | undefined
}

type LoginReason = 'invalid_credentials' | QueueReason | ChangeReason | UnverifiedEmail

/**
 * The tokens of a new session, and of a known device. Refuses with 'invalid_credentials', after one
 * round trip and the work of one password hash. The account does not exist, is disabled or has
 * another password. If it changed during the login, this takes one or two round trips more. Refuses
 * with 'too_many_attempts', after one round trip and without a hash, whether the password is right
 * or not. Refuses with 'login_queue_full', without a hash, if too many passwords wait to be hashed.
 * That is before any round trip, or after two if the turn does not come within 5 s. Two round trips
 * otherwise, and a third if generation or roles change in between. Refuses with 'account_changing'
 * if they change again.
 *
 * If the stored hash is not of the configured form and cost, this takes one hash more, and the
 * second round trip replaces it. If there is no room for that hash, the stored one stays.
 *
 * With REQUIRE_VERIFIED_EMAIL=login it refuses with 'email_unverified' if the password is right and
 * nobody has proved the email. The second round trip then queues a mail with a code. The attempt
 * counts as right, and an account whose deletion is planned is kept.
 *
 * An account whose deletion is planned is kept, and the second round trip queues a mail to its
 * owner. Otherwise it does so if the account does not know the device, at most once an hour.
 *
 * If there are more than MAX_SESSIONS_PER_USER, the second round trip ends the sessions whose
 * refresh token was used least recently.
 */
export async function login(
  deps: LoginDeps,
  typed: { readonly email: string; readonly password: string; readonly language: string },
  client: LoginClient & { findPlace(): LoginPlace },
  isGone: () => boolean,
  entry: AuditEntry,
): Promise<Result<PasswordLogin, LoginReason | TooManyAttempts>> {
  const { language } = typed
  const email = comparedEmail(typed.email)
  const device = await findDevice(deps, email, client)
  const turn = deps.hashQueue.join(isGone, device?.userId)
  if (!turn.ok) return turn
  const keys = await loginKeysOf(deps, email, client, device)
  const { attempts } = deps.settings.limits
  const spellings = emailSpellings(typed.email)
  const finding = findAccountToLogIn(deps.database, spellings, keys, attempts, entry)
  const counted = await turn.value.keepDuring(finding)
  if (!counted.ok) {
    turn.value.leave()
    return counted
  }
  const { found: account, attempt } = counted.value
  return chargeAttempt<PasswordLogin, LoginReason>(deps, attempt, async () => {
    // No account has the empty password. So text that cannot be a password is treated like an
    // unknown account.
    const password = parsePassword(typed.password) ?? ''
    const matches = await turn.value.hash(() =>
      deps.passwords.verify(password, account?.passwordHash, typed.password),
    )
    if (!matches.ok) return matches
    if (!account || !matches.value) return refuse('invalid_credentials')
    const place = client.findPlace()
    const reader = { language, device: place.device }
    if (deps.settings.requireVerifiedEmail === 'login' && account.emailVerifiedAt === null) {
      const code = newCode(deps, 'verify_email', language, entry)
      return refuseUnverified(deps, account, attempt, code, createNotice(deps, reader))
    }
    // Before the commit, as everything that can fail.
    const { userId, passwordVersion } = account
    const renewed = { ...renewDevice(deps, device), userId, passwordVersion }
    const deviceToken = await deps.deviceTokens.create(renewed, email)
    const renewal = await renewHash(deps, account, password, isGone)
    const right = { attempt, renewal }
    const notice = createLoginNotice(deps, device, account, reader)
    const more = { maxSessions: deps.settings.maxSessionsPerUser, notice }
    const issued = await beginSession<'invalid_credentials'>(deps, {
      ...{ account, place },
      insert: (session, read) =>
        insertSession(deps.database, session, { ...right, found: read }, more, entry),
    })
    const { isEmailRefused } = account
    return issued.ok ? succeed({ ...issued.value, deviceToken, isEmailRefused }) : issued
  })
}

/** A code goes out, and no session begins. The hash stays as it is. One round trip. */
async function refuseUnverified(
  { database }: Pick<LoginDeps, 'database'>,
  account: CheckedAccount,
  attempt: CountedAttempt,
  code: RequestedCode,
  notice: Notice,
): Promise<Result<never, 'invalid_credentials' | UnverifiedEmail>> {
  const isQueued = await requestCodeAtLogin(database, account, attempt, code, notice)
  if (isQueued === undefined) return refuse('invalid_credentials')
  return refuse({ reason: 'email_unverified', handle: isQueued ? code.handle : undefined })
}
