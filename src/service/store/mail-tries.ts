// Tries to send mail, as rows. A mail is claimed before it is sent. Claiming sets the time of the
// next try, so a sender that dies loses nothing.

import {
  and,
  eq,
  exists,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
import * as v from 'valibot'
import type { CodeLifetimes } from '../config/mail-settings.ts'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import { codePurposes, isBound, linkSecondsOf } from './codes.ts'
import { build, type Database, databaseNow, runBatch, type Statements } from './database.ts'
import { codes, outgoingMail } from './mail-schema.ts'
import { mailKinds } from './outgoing-mail.ts'
import { decodeRows, instant, integer } from './rows.ts'
import { users } from './schema.ts'
import { suppressStatement } from './suppressed-addresses.ts'

const claimedRow = v.object({
  mailId: v.string(),
  kind: v.picklist(mailKinds),
  address: v.string(),
  recipient: v.string(),
  language: v.string(),
  codeId: v.nullable(v.string()),
  device: v.nullable(v.string()),
  createdAt: instant,
  dueAt: v.nullable(instant),
  tries: integer,
})

/** A mail that this sender alone tries to send now. */
export type ClaimedMail = Readonly<v.InferOutput<typeof claimedRow>>

/** What became of a claimed mail. */
export interface TriedMail {
  readonly mail: ClaimedMail
  /** Undefined: it was sent. */
  readonly problem: string | undefined
  /** Whether it is never tried again. Default: only after a day. */
  readonly isRefused?: boolean
  /** Whether no mail goes to its address for a week. */
  readonly isAddressRefused?: boolean
}

/** A code lives longer than its request says only if its mail is sent later than this. */
export const lateSeconds = 60
const daySeconds = 86_400
/** How long after a try the next one comes: a minute, doubled with each try, two hours at most. */
const pauseSeconds = sql`min(7200, 60 * (1 << min(${outgoingMail.tries}, 7)))`

/**
 * Claims mails that are due, the longest due first. Each is claimed by one caller, until its next
 * try. The life of an unused code begins anew if the mail is late or an invitation. Mail whose code
 * was used, or can be used no more, is deleted. So is mail about a deletion that is no longer
 * planned. Atomic; one round trip.
 */
export async function claimDueMail(
  database: Database,
  most: number,
  lifetimes: CodeLifetimes,
): Promise<readonly ClaimedMail[]> {
  const { id, nextTryAt, createdAt, tries } = outgoingMail
  // A later version may have queued other kinds, before it was taken back.
  const isDue = and(lte(nextTryAt, databaseNow), inArray(outgoingMail.kind, [...mailKinds]))
  const dueFirst = (column: typeof id | typeof outgoingMail.codeId) =>
    build.select({ column }).from(outgoingMail).orderBy(nextTryAt, createdAt, id).limit(most)
  // Who queues an invitation does not know the lifetimes.
  const isRenewed = or(
    lt(createdAt, sql`${databaseNow} - ${lateSeconds}`),
    eq(outgoingMail.kind, 'invitation'),
  )
  const linkSeconds = sql`CASE ${codes.purpose} ${sql.join(
    codePurposes.map((purpose) => sql`WHEN ${purpose} THEN ${linkSecondsOf(purpose, lifetimes)}`),
    sql` `,
  )} END`
  const later = (seconds: SQL | number) => sql`CAST(${databaseNow} + ${seconds} AS INTEGER)`
  const { claimed } = await runBatch(database, {
    useless: build.delete(outgoingMail).where(and(isDue, or(isUseless(), isOfCancelledDeletion()))),
    renewed: build
      .update(codes)
      .set({ codeExpiresAt: later(lifetimes.codeSeconds), linkExpiresAt: later(linkSeconds) })
      .where(
        and(
          isNull(codes.usedAt),
          sql`${codes.id} IN (${dueFirst(outgoingMail.codeId).where(and(isDue, isRenewed))})`,
        ),
      ),
    claimed: build
      .update(outgoingMail)
      .set({ tries: sql`${tries} + 1`, nextTryAt: sql`${databaseNow} + ${pauseSeconds}` })
      .where(inArray(id, dueFirst(id).where(isDue)))
      .returning({
        mailId: id,
        kind: outgoingMail.kind,
        address: outgoingMail.address,
        recipient: outgoingMail.recipient,
        language: outgoingMail.language,
        codeId: outgoingMail.codeId,
        device: outgoingMail.device,
        createdAt,
        dueAt: outgoingMail.dueAt,
        tries,
      }),
  })
  return decodeRows(claimedRow, claimed)
}

/** The condition that the code of a mail was used, or can be used no more. */
export function isUseless(): SQL {
  return and(isNotNull(outgoingMail.codeId), not(exists(selectUsableCode()))) as SQL
}

/** The condition that a mail tells of a deletion that is no longer planned. */
function isOfCancelledDeletion(): SQL {
  const planned = build
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, outgoingMail.userId), isNotNull(users.deletionDueAt)))
  return and(eq(outgoingMail.kind, 'deletion_planned'), not(exists(planned))) as SQL
}

/** The code of a mail, if it was not used, and is still bound to its account. */
function selectUsableCode() {
  return build
    .select({ id: codes.id })
    .from(codes)
    .innerJoin(users, eq(users.id, codes.userId))
    .where(
      and(
        ...[eq(codes.id, outgoingMail.codeId), isNull(codes.usedAt)],
        ...[isNull(users.disabledAt), isBound],
      ),
    )
}

/**
 * Stores what became of claimed mails. What was not sent is tried again at the time that claiming
 * has set, or given up: at once if it is refused, otherwise a day after it was queued. An address
 * that is refused gets no mail for a week. Records what is given up. Atomic; one round trip.
 *
 * @returns the ids of those that are given up
 */
export async function recordTries(
  database: Database,
  tried: readonly TriedMail[],
  entry: AuditEntry,
): Promise<ReadonlySet<string>> {
  const statements: Record<string, Statements[string]> = {}
  for (const [at, one] of tried.entries())
    Object.assign(statements, statementsOf(one, `m${at}`, entry))
  const answers = await runBatch(database, statements)
  const givenUp = tried.filter(
    (_, at) => decodeRows(givenUpRow, answers[`m${at}event`] ?? []).length > 0,
  )
  return new Set(givenUp.map(({ mail }) => mail.mailId))
}

const givenUpRow = v.object({ seq: integer })

function statementsOf(tried: TriedMail, name: string, entry: AuditEntry): Statements {
  const { mail, problem, isRefused = false, isAddressRefused = false } = tried
  const { id, nextTryAt, createdAt, sentAt, givenUpAt } = outgoingMail
  const isThis = and(eq(id, mail.mailId), isNull(sentAt))
  if (problem === undefined) {
    return {
      [name]: build
        .update(outgoingMail)
        .set({ sentAt: databaseNow, nextTryAt: null, problem: null })
        .where(isThis),
    }
  }
  const isOver = isRefused ? sql`1` : sql`${nextTryAt} > ${createdAt} + ${daySeconds}`
  return {
    [`${name}problem`]: build.update(outgoingMail).set({ problem }).where(isThis),
    [name]: build
      .update(outgoingMail)
      .set({ givenUpAt: databaseNow, nextTryAt: null })
      .where(and(isThis, isNull(givenUpAt), isOver)),
    ...auditStatements(`${name}event`, entry, {
      outcome: 'mail_given_up',
      userId: sql`${outgoingMail.userId}`,
      target: sql`${outgoingMail.kind}`,
      of: { table: sql`${outgoingMail}`, where: eq(id, mail.mailId) },
    }),
    ...(isAddressRefused && { [`${name}suppressed`]: suppressStatement(mail.recipient) }),
  }
}
