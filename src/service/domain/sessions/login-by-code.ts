// A login with a code from a mail in place of a password. It needs no hash, so it fits the free
// plan of Workers. The code proves the email. If nobody had proved it before, somebody else may
// have registered it, to wait for its owner: that one's password and sessions end.

import { noPassword } from '../../../crypto/no-password.ts'
import { type ChangeReason, type Result, succeed } from '../../../errors/reasons.ts'
import type { Takeover } from '../../store/account-takeover.ts'
import { type CodeLogin, insertSessionByCode } from '../../store/code-login.ts'
import type { LoginNotice } from '../../store/outgoing-mail.ts'
import type { TokenAccount } from '../../store/users.ts'
import type { AuditEntry } from '../audit-entry.ts'
import { type CheckedCode, checkCode, type SentCode, withCheckedCode } from '../codes/check-code.ts'
import { beginTakeover, isDeviceOf } from '../codes/takeover.ts'
import type { Deps } from '../deps.ts'
import { comparedEmail } from '../identity/email.ts'
import type { DeviceClaims } from '../limits/device-token.ts'
import { findDevice, type LoginClient, renewDevice } from '../limits/login-attempts.ts'
import type { LoginPlace, LoginTokens } from '../tokens/tokens.ts'
import { beginSession } from './begin-session.ts'
import { createLoginNotice } from './login-notice.ts'

/** What a login with a code needs. */
export type CodeLoginDeps = Pick<
  Deps,
  | 'database'
  | 'runtime'
  | 'settings'
  | 'mailedCodes'
  | 'accessTokens'
  | 'claims'
  | 'refreshTokens'
  | 'revocations'
  | 'deviceTokens'
  | 'mailer'
>

/** The tokens of a session that began with a code. */
interface TokensByCode extends LoginTokens {
  /** Whether the deletion of the account was planned, and is not any more. */
  readonly isDeletionCancelled: boolean
  /** Whether a mail to the owner is queued. */
  readonly isOwnerTold: boolean
}

/** The tokens of a login, and what has become of the account. */
export interface CodeLoginTokens extends TokensByCode {
  /** Whether the password from before is gone. */
  readonly isPasswordRemoved: boolean
}

/** A client, and the language that it prefers. */
type CodeLoginClient = LoginClient & { findPlace(): LoginPlace; readonly language: string }

type CodeLoginReason = 'code_wrong' | ChangeReason

const purpose = 'sign_in'

/**
 * The tokens of a new session, and of a known device. The email is proved from now on. If nobody
 * had proved it before, and the client presents no device token of the account, the account loses
 * its password, its sessions and its tokens. An account whose deletion is planned is kept, and a
 * mail tells its owner. Otherwise, if the email was proved before, a mail tells about a device that
 * the account does not know, at most once an hour. Refuses with 'code_wrong' as `checkCode`, also
 * if another request has used the code meanwhile. The same if the password would end, and somebody
 * proves the email meanwhile; then the code stays good. Refuses with 'account_changing' if roles or
 * generation change twice meanwhile; then the code stays good. Two round trips, and a third one if
 * they change once. Atomic.
 */
export async function loginByCode(
  deps: CodeLoginDeps,
  sent: SentCode,
  client: CodeLoginClient,
  entry: AuditEntry,
): Promise<Result<CodeLoginTokens, CodeLoginReason>> {
  const checked = await checkCode(deps, sent, purpose, entry)
  if (!checked.ok) return checked
  return withCheckedCode<CodeLoginTokens, CodeLoginReason>(
    deps,
    checked.value,
    ['code_wrong'],
    () => loginWithChecked(deps, checked.value, client, entry),
  )
}

async function loginWithChecked(
  deps: CodeLoginDeps,
  checked: CheckedCode,
  client: CodeLoginClient,
  entry: AuditEntry,
): Promise<Result<CodeLoginTokens, CodeLoginReason>> {
  const { account } = checked
  const device = await findDevice(deps, comparedEmail(account.email), client)
  const isSame = account.emailVerifiedAt !== null || isDeviceOf(deps, device, account)
  const takeover = isSame ? undefined : beginTakeover(deps)
  const place = client.findPlace()
  const reader = { language: client.language, device: place.device }
  // Who proves the email for the first time has just read a mail, on a device that is always new.
  const isFirst = account.emailVerifiedAt === null
  const notice = createLoginNotice(deps, device, account, reader, isFirst)
  const start = { purpose, device, takeover, place, notice, entry } as const
  const begun = await beginByCode(deps, checked, start)
  // Who is invited has none.
  const hadPassword = account.passwordHash !== noPassword
  return begun.ok ? succeed({ ...begun.value, isPasswordRemoved: !isSame && hadPassword }) : begun
}

/** How a session begins with a code. */
interface CodeStart {
  readonly purpose: CodeLogin['purpose']
  /** What the client presents. Its token is renewed. */
  readonly device?: DeviceClaims | undefined
  /** What ends what was set before. */
  readonly takeover: Takeover | undefined
  readonly place: LoginPlace
  /** The mail that tells the owner. Default: none. */
  readonly notice?: LoginNotice | undefined
  readonly entry: AuditEntry
}

/** The tokens of a session that begins with a checked code. Same guarantees as `loginByCode`. */
export async function beginByCode(
  deps: CodeLoginDeps,
  { account, codeId, presented, attemptSeq }: CheckedCode,
  { purpose, device, takeover, place, notice, entry }: CodeStart,
): Promise<Result<TokensByCode, CodeLoginReason>> {
  const email = comparedEmail(account.email)
  const passwordVersion = account.passwordVersion + (takeover ? 1 : 0)
  const renewed = { ...renewDevice(deps, device), userId: account.userId, passwordVersion }
  const deviceToken = await deps.deviceTokens.create(renewed, email)
  const session = await beginSession<'code_wrong'>(deps, {
    ...{ account, place },
    // The code proves the email.
    changes: { emailVerifiedAt: deps.runtime.now(), ...newGeneration(takeover) },
    insert: (begun, read) =>
      insertSessionByCode(deps.database, {
        ...{
          codeId,
          purpose,
          isLink: presented.handle === undefined,
          signed: read,
          takeover,
          notice,
        },
        ...{ session: begun, maxSessions: deps.settings.maxSessionsPerUser, entry, attemptSeq },
      }),
  })
  return session.ok ? succeed({ ...session.value, deviceToken }) : session
}

/** The generation that the access token has after a takeover. */
function newGeneration(takeover: Takeover | undefined): Partial<TokenAccount> {
  return takeover ? { tokenGeneration: takeover.tokenGeneration } : {}
}
