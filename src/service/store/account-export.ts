// Everything personal that the database has of an account, for its owner. Handles of codes are left
// out: they are half of a secret.

import { and, desc, eq } from 'drizzle-orm'
import * as v from 'valibot'
import { type Result, type RevocationReason, succeed } from '../../errors/reasons.ts'
import { decodeEvents, type ListedEvent, selectOwnEventsStatement } from './audit-listing.ts'
import { build, type Database, readBatch } from './database.ts'
import { codes, outgoingMail } from './mail-schema.ts'
import { decodeRow, decodeRows, instant } from './rows.ts'
import { users } from './schema.ts'
import { decodeOwnSessions, type ListedSession, selectOwnSessionsStatement } from './sessions.ts'
import {
  type Account,
  type CallerToken,
  decodeAccountByToken,
  selectAccountByTokenStatement,
} from './users.ts'

const moreRow = v.object({ deletionDueAt: v.nullable(instant) })
const mailRow = v.object({
  kind: v.string(),
  address: v.string(),
  device: v.nullable(v.string()),
  createdAt: instant,
  sentAt: v.nullable(instant),
})
const codeRow = v.object({
  purpose: v.string(),
  createdAt: instant,
  linkExpiresAt: instant,
  usedAt: v.nullable(instant),
})

/** What is stored. Instants are seconds since 1970. */
export interface AccountExport {
  readonly account: Account & Readonly<v.InferOutput<typeof moreRow>>
  readonly sessions: readonly ListedSession[]
  /** Newest first. */
  readonly events: readonly ListedEvent[]
  /** Mail that waits, or was sent a short time ago. */
  readonly mails: readonly Readonly<v.InferOutput<typeof mailRow>>[]
  readonly codes: readonly Readonly<v.InferOutput<typeof codeRow>>[]
}

const maxMails = 1_000

/**
 * What is stored of a token's account: with at most `maxEvents` events, and 1,000 mails and codes.
 * Refuses like `findAccountByToken`. One round trip.
 */
export async function exportAccountByToken(
  database: Database,
  caller: CallerToken,
  maxEvents: number,
): Promise<Result<AccountExport, RevocationReason>> {
  const { userId } = caller
  const { deletionDueAt } = users
  const { kind, address, device, createdAt, sentAt } = outgoingMail
  const { found, more, listed, events, mails, pending } = await readBatch(database, {
    found: selectAccountByTokenStatement(caller),
    more: build.select({ deletionDueAt }).from(users).where(eq(users.id, userId)),
    listed: selectOwnSessionsStatement(caller),
    events: selectOwnEventsStatement(caller, { limit: maxEvents }),
    mails: build
      .select({ kind, address, device, createdAt, sentAt })
      .from(outgoingMail)
      .innerJoin(users, eq(users.id, outgoingMail.userId))
      // Others would tell which emails have an account.
      .where(and(eq(users.id, userId), eq(outgoingMail.recipient, users.emailNormalized)))
      .orderBy(desc(createdAt))
      .limit(maxMails),
    pending: build
      .select({
        purpose: codes.purpose,
        createdAt: codes.createdAt,
        linkExpiresAt: codes.linkExpiresAt,
        usedAt: codes.usedAt,
      })
      .from(codes)
      .where(eq(codes.userId, userId))
      .orderBy(desc(codes.createdAt))
      .limit(maxMails),
  })
  const account = decodeAccountByToken(found)
  if (!account.ok) return account
  return succeed({
    account: { ...account.value, ...decodeRow(moreRow, more) },
    sessions: decodeOwnSessions(listed),
    events: decodeEvents(events),
    mails: decodeRows(mailRow, mails),
    codes: decodeRows(codeRow, pending),
  })
}
