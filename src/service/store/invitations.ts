// Invitations, as rows: an account without a password, whose email nobody has proved, and a mail
// with a link that sets the password.

import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { type AuditEntry, auditStatements, ofAccount } from './audit-events.ts'
import { insertCodeStatement } from './code-rows.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { codes } from './mail-schema.ts'
import { insertUserStatement, type NewUser } from './new-users.ts'
import { insertMailStatement } from './outgoing-mail.ts'
import { roleColumns, roleEntries, roleValuesOf, withRoles } from './roles.ts'
import { decodeRows, integer } from './rows.ts'
import { users } from './schema.ts'
import { isAccountOf, isEnabledAccount, isInvitation } from './users.ts'

/** Who is invited. */
export interface Invitation {
  /** The account, if the email has none. It has no password. */
  readonly user: NewUser
  /** Undefined: none, or those from the invitation before. */
  readonly roles: readonly string[] | undefined
  /** Of all mails to the account. Undefined: as before, or the default. */
  readonly language: string | undefined
  /** Fresh ids. */
  readonly codeId: string
  readonly mailId: string
  readonly entry: AuditEntry
}

/** The account that is invited. */
export interface InvitedAccount {
  readonly userId: number
  /** As the account stores it. */
  readonly email: string
  readonly roles: readonly string[]
  /** Whether the account was there: it is invited again. */
  readonly isAgain: boolean
}

const invitedRow = v.object({ userId: integer, email: v.string(), ...roleEntries })
const purpose = 'invitation'
/** The row of a link waits so long for its mail. The lifetime begins when the mail is sent. */
const waitSeconds = 86_400
const defaultLanguage = 'en'
const rolesText = sql`trim(iif(${users.admin}, 'admin ', '') || ${users.otherRoles})`

/**
 * Makes the account, and queues the mail that invites its owner. An account that nobody has
 * accepted is invited again: the links from before are void. Records the success, with the roles as
 * target. Atomic; one round trip.
 *
 * @returns undefined when the email has an account that was accepted, or is disabled. Then nothing
 * changes
 */
export async function inviteAccount(
  database: Database,
  { user, roles, language, codeId, mailId, entry }: Invitation,
): Promise<InvitedAccount | undefined> {
  const whose = and(isAccountOf(user.spellings), isInvitation, isEnabledAccount)
  const account = build.select({ id: users.id }).from(users).where(whose)
  const { passwordHash } = user
  const mail = { mailId, kind: purpose, language: defaultLanguage } as const
  const { inserted, invited } = await runBatch(database, {
    inserted: insertUserStatement(user).returning({ userId: users.id }),
    invited: build
      .update(users)
      .set({ passwordHash, ...(roles && roleValuesOf(roles)), ...(language && { language }) })
      .where(whose)
      .returning({ userId: users.id, email: users.email, ...roleColumns }),
    voided: build
      .update(codes)
      .set({ usedAt: databaseNow })
      .where(and(inArray(codes.userId, account), eq(codes.purpose, purpose), isNull(codes.usedAt))),
    code: insertCodeStatement({ codeId, purpose, codeSeconds: 0, linkSeconds: waitSeconds }, whose),
    mail: insertMailStatement(mail, { codeId: sql`${codeId}` }, whose),
    ...auditStatements('recorded', entry, {
      ...{ outcome: 'success', userId: sql`${users.id}`, target: rolesText },
      of: ofAccount(whose),
    }),
  })
  const [row] = decodeRows(invitedRow, invited)
  return row && { ...withRoles(row), isAgain: inserted.length === 0 }
}
