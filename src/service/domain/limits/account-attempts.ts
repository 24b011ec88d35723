// The attempts of one account, for administrators.

import type { AttemptLimits } from '../../config/limit-settings.ts'
import { deleteAttempts, type ListedAttempts, listAttempts } from '../../store/attempts.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import { type AttemptPurpose, sessionPurposes } from './attempt-keys.ts'
import type { LimitDeps } from './limit-deps.ts'

/** An account, by the email that was typed, and by its id if there is one. */
export interface NamedAccount {
  /** The email as it is compared. */
  readonly email: string
  readonly userId: number | undefined
}

/** Attempts for one purpose. */
export interface PurposeAttempts extends ListedAttempts {
  readonly purpose: AttemptPurpose
  /** Whether they are those from everywhere, and not of one source. */
  readonly isFromEverywhere: boolean
}

type AdministrationDeps = Pick<LimitDeps, 'database' | 'attemptKeys'>

/** The attempts of the account, from everywhere first. One round trip for each purpose. */
export async function findAttempts(
  { database, attemptKeys }: AdministrationDeps,
  account: NamedAccount,
  limits: AttemptLimits,
): Promise<readonly PurposeAttempts[]> {
  const found: PurposeAttempts[] = []
  for (const [purpose, name] of namesOf(account)) {
    const accountKey = await attemptKeys.ofAccount(purpose, name)
    const rows = await listAttempts(database, accountKey, limits)
    found.push(
      ...rows.map((row) => ({ ...row, purpose, isFromEverywhere: row.key === accountKey })),
    )
  }
  return found
}

/** Forgets the attempts of the account. One round trip. Returns how many counts there were. */
export async function forgetAttempts(
  { database, attemptKeys }: AdministrationDeps,
  account: NamedAccount,
  entry: AuditEntry,
): Promise<number> {
  const keys = namesOf(account).map(([purpose, name]) => attemptKeys.ofAccount(purpose, name))
  return deleteAttempts(database, await Promise.all(keys), account.userId, entry)
}

/** Under which name attempts are counted for each purpose. */
function namesOf({ email, userId }: NamedAccount): [AttemptPurpose, string][] {
  const login: [AttemptPurpose, string] = ['login', email]
  if (userId === undefined) return [login]
  return [login, ...sessionPurposes.map((one): typeof login => [one, String(userId)])]
}
