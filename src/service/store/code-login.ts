// A login with a code from a mail, as rows. The first statement uses the code, and each later one
// asks whether it did.

import { and, eq, exists, isNull, sql } from 'drizzle-orm'
import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { revocationsOf, type Takeover, takeoverStatements } from './account-takeover.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { useCodeStatement } from './codes.ts'
import { build, type Database, databaseNow, runBatch } from './database.ts'
import { returnStatements } from './deletion-cancelling.ts'
import { isQueued, type LoginNotice } from './outgoing-mail.ts'
import { revocationRow } from './revoked-tokens.ts'
import { decodeRows } from './rows.ts'
import { sessions, users } from './schema.ts'
import { sessionLimitStatements } from './session-limit.ts'
import {
  type BegunInStore,
  type Changed,
  insertSessionStatement,
  type NewSession,
} from './sessions.ts'
import { unsuppressStatement } from './suppressed-addresses.ts'
import {
  type CheckedAccount,
  decodeCheckedAccount,
  isAccountAsSigned,
  isUsableAccount,
  selectCheckedAccountStatement,
} from './users.ts'

/** A login with a code that was checked. The first access token is signed. */
export interface CodeLogin {
  readonly codeId: string
  readonly purpose: 'sign_in' | 'invitation'
  /** Whether the code came as a link. */
  readonly isLink: boolean
  /** The account as it was read. */
  readonly signed: CheckedAccount
  /**
   * For an account whose email nobody had proved: its password and its sessions may be those of a
   * stranger, so they end.
   */
  readonly takeover: Takeover | undefined
  readonly session: NewSession
  /** The mail that tells the owner. */
  readonly notice: LoginNotice | undefined
  readonly maxSessions: number
  readonly entry: AuditEntry
  /** The `seq` of the event of the code. */
  readonly attemptSeq: number | undefined
}

/**
 * Uses the code and begins a session. The email of the account is proved. The account is kept if
 * its deletion is planned. With a takeover, the password, the tokens and the sessions from before
 * end. Exactly one of several calls with a code succeeds. The others are refused with 'code_wrong',
 * and so is a takeover if somebody has proved the email meanwhile. Refuses with 'changed' when the
 * generation or the roles of the account have changed since they were read. A refusal uses nothing.
 * Queues the notice. Records the success. Atomic; one round trip.
 */
export async function insertSessionByCode(
  database: Database,
  login: CodeLogin,
): Promise<Result<BegunInStore, { reason: 'code_wrong' } | Changed<CheckedAccount>>> {
  const { signed, session, takeover } = login
  const whose = eq(users.id, signed.userId)
  // What a proof has kept meanwhile does not end.
  const isAsRead = takeover && isNull(users.emailVerifiedAt)
  const isAsSigned = and(isAccountAsSigned(signed), isUsableAccount, isAsRead)
  const isBegun = exists(
    build.select({ id: sessions.id }).from(sessions).where(eq(sessions.id, session.sessionId)),
  )
  const generation = takeover?.tokenGeneration ?? ''
  const mayBegin = takeover ? eq(users.tokenGeneration, generation) : sql`changes() > 0`
  const { inserted, surplusRevoked, found, told, ...taken } = await runBatch(database, {
    used: useCodeStatement(login.codeId, login.purpose, login.isLink, isAsSigned),
    ...takeoverStatements(whose, takeover),
    inserted: insertSessionStatement(session, and(whose, mayBegin)).returning({ id: sessions.id }),
    ...auditStatements('recorded', login.entry, {
      ...{ outcome: 'success', attemptSeq: login.attemptSeq },
      ...{ userId: signed.userId, sessionId: session.sessionId },
    }),
    proved: build.update(users).set({ emailVerifiedAt: databaseNow }).where(and(whose, isBegun)),
    unsuppressed: unsuppressStatement(
      sql`${build
        .select({ recipient: users.emailNormalized })
        .from(users)
        .where(and(whose, isBegun))}`,
    ),
    ...sessionLimitStatements(session.sessionId, login.maxSessions),
    ...returnStatements(signed, session, isBegun, login.notice, login.entry),
    found: selectCheckedAccountStatement(and(whose, isUsableAccount)),
  })
  if (inserted.length > 0) {
    const revocations = [...revocationsOf(taken), ...decodeRows(revocationRow, surplusRevoked)]
    return succeed({ revocations, isOwnerTold: isQueued(told) })
  }
  const read = decodeCheckedAccount(found)
  const isChanged = read && !isSame(read, signed)
  return refuse(isChanged ? { reason: 'changed', read } : { reason: 'code_wrong' })
}

function isSame(one: CheckedAccount, other: CheckedAccount): boolean {
  return one.tokenGeneration === other.tokenGeneration && one.rolesText === other.rolesText
}
