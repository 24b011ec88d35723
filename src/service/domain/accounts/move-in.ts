// Accounts that move in from another system, with their hashes. The rules for emails and roles are
// those of new accounts. An account that exists is never changed.

import { createRandomId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import type { Moment, MovedUser } from '../../store/account-import.ts'
import { roleValuesOf } from '../../store/roles.ts'
import { type EmailDomains, parseEmail } from '../identity/email.ts'
import { checkStoredHash } from '../identity/stored-hash.ts'
import { checkRoles } from './administration.ts'

/** What the other system says of an account. */
export interface MovingAccount {
  readonly email: string
  /** As the other system has stored it. */
  readonly hash: string
  readonly roles: readonly string[]
  /** When it was made. Default: now. */
  readonly registeredAt?: Moment | undefined
  /** When it was disabled. Default: it is enabled. */
  readonly disabledAt?: Moment | undefined
  /** When its email was verified. Default: it was not. */
  readonly emailVerifiedAt?: Moment | undefined
}

/** An account that may move in, and the family of its hash. */
export interface AcceptedAccount {
  readonly user: MovedUser
  readonly family: string
  /** What the service must be given to verify the hash. Undefined if nothing. */
  readonly needs?: string | undefined
}

/** Why an account cannot move in. The sentence says what is wrong with the hash. */
export type MovingRefusal =
  | { readonly reason: 'email_malformed' | 'role_malformed' | 'roles_too_long' }
  | { readonly reason: 'hash_unfit'; readonly sentence: string }

/**
 * Checks an account by the rules of new accounts, and gives it a token generation of its own. No
 * refusal repeats the hash. No I/O.
 */
export function acceptAccount(
  { runtime }: { readonly runtime: Pick<Runtime, 'randomBytes'> },
  account: MovingAccount,
  emailDomains: EmailDomains,
): Result<AcceptedAccount, MovingRefusal> {
  const email = parseEmail(account.email, emailDomains)
  if (!email) return refuse({ reason: 'email_malformed' })
  const checked = checkStoredHash(account.hash)
  if (!checked.ok) return refuse({ reason: 'hash_unfit', sentence: checked.error })
  const roles = checkRoles(account.roles)
  if (!roles.ok) return refuse({ reason: roles.error })
  const user = {
    ...email,
    ...roleValuesOf(roles.value),
    passwordHash: account.hash,
    tokenGeneration: createRandomId(runtime),
    registeredAt: account.registeredAt ?? 'now',
    disabledAt: account.disabledAt ?? null,
    emailVerifiedAt: account.emailVerifiedAt ?? null,
  }
  return succeed({ user, ...checked.value })
}
