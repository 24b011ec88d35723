// Somebody registers, and the account gets no session before its email is proved, as rows. The
// answer may be the same for an email that has an account. Then only the mail tells.

import { and, eq, not, sql } from 'drizzle-orm'
import { type AuditEntry, auditStatements, wasRecorded } from './audit-events.ts'
import { codeStatements, type RequestedCode } from './code-requests.ts'
import { type Database, runBatch } from './database.ts'
import { insertUserStatement, type NewUser } from './new-users.ts'
import { insertMailStatement, isMailable } from './outgoing-mail.ts'
import { users } from './schema.ts'
import { accountIdOf, isAccountOf, isEnabledAccount } from './users.ts'

/** A registration without a session. */
interface RegistrationByMail {
  readonly user: NewUser
  /** The code for a new account. If the email is taken, its mail tells that instead. */
  readonly code: RequestedCode
  /** Whether the owner of an email that is taken gets a mail. */
  readonly tellsOwner: boolean
  readonly entry: AuditEntry
}

/**
 * Inserts an account, and queues a mail with a code for it, unless its email has an account. Then
 * it may queue a mail to the owner, unless that account is disabled. Queues nothing while the email
 * may get no mail (`isMailable`). Exactly one of several concurrent calls inserts. Records the
 * success. Records under the account that its email is taken: once an hour. Atomic; one round trip.
 *
 * @returns whether the account is new
 */
export async function insertUserByMail(
  database: Database,
  { user, code, tellsOwner, entry }: RegistrationByMail,
): Promise<boolean> {
  // The hash has a fresh salt, so it identifies the account that was just inserted.
  const isNew = and(
    eq(users.emailNormalized, user.emailNormalized),
    eq(users.passwordHash, user.passwordHash),
  )
  const accountId = accountIdOf(user.spellings)
  const whose = isAccountOf(user.spellings)
  const mayBeTold = and(whose, not(isNew ?? whose), isEnabledAccount, isMailable)
  const { mailId, language } = code
  const { inserted } = await runBatch(database, {
    inserted: insertUserStatement(user),
    ...auditStatements('recorded', entry, {
      outcome: sql<string>`iif(changes() > 0, 'success', 'email_taken')`,
      userId: accountId,
      condition: sql`(changes() > 0 OR NOT ${wasRecorded(accountId, 'email_taken')})`,
    }),
    ...codeStatements(code, whose, and(whose, isNew), true),
    ...(tellsOwner && {
      told: insertMailStatement({ mailId, kind: 'account_exists', language }, {}, mayBeTold),
    }),
  })
  return inserted.rowsAffected > 0
}
