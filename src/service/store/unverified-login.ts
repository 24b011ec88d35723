// A login with a right password whose email nobody has proved, where that is required: a code goes
// out in place of a session.

import { and, eq, isNull, sql } from 'drizzle-orm'
import { type CountedAttempt, rightAttemptStatement } from './attempts.ts'
import { auditStatements, ofAccount } from './audit-events.ts'
import { codeStatements, type RequestedCode } from './code-requests.ts'
import { type Database, runBatch } from './database.ts'
import { cancellationStatements } from './deletion-cancelling.ts'
import type { Notice } from './outgoing-mail.ts'
import { users } from './schema.ts'
import { type CheckedAccount, isUsableAccount } from './users.ts'

/**
 * Queues a mail with a code for the account, unless it may get none now (`isMailable`), or its
 * email is proved by now. In either case the attempt counts as right, and the refusal of the login
 * is recorded. An account whose deletion is planned is kept: its owner is back, and the code may
 * come too late. The notice tells it, if the email may get one more mail. Does nothing if the
 * password has changed, or the account is gone or disabled. Atomic; one round trip.
 *
 * @returns whether a mail was queued; undefined if nothing was done
 */
export async function requestCodeAtLogin(
  database: Database,
  { userId, passwordVersion }: CheckedAccount,
  attempt: CountedAttempt,
  code: RequestedCode,
  notice: Notice,
): Promise<boolean | undefined> {
  const whose = eq(users.id, userId)
  const isChecked = and(whose, eq(users.passwordVersion, passwordVersion), isUsableAccount)
  const { recorded, handle } = await runBatch(database, {
    ...auditStatements('recorded', code.entry, {
      ...{ outcome: 'email_unverified', userId, attemptSeq: attempt.seq },
      ...{ of: ofAccount(isChecked), condition: sql`1` },
    }),
    right: rightAttemptStatement(attempt),
    ...codeStatements(code, whose, and(isChecked, isNull(users.emailVerifiedAt)), true),
    ...cancellationStatements(isChecked, notice, code.entry, { userId }),
  })
  return recorded.length > 0 ? handle.length > 0 : undefined
}
