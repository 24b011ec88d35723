// Mail that is not sent, as administrators see it and try it again. A retry makes a mail due, and
// gives it another day. The service then claims and sends it like every other mail.

import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  not,
  or,
  sql,
} from 'drizzle-orm'
import * as v from 'valibot'
import { type AuditEntry, auditStatements } from './audit-events.ts'
import {
  build,
  type Database,
  databaseNow,
  readBatch,
  runBatch,
  type Statements,
} from './database.ts'
import { outgoingMail, suppressedAddresses } from './mail-schema.ts'
import { isUseless, lateSeconds } from './mail-tries.ts'
import { decodeRow, decodeRows, flag, instant, integer } from './rows.ts'
import { isSuppressed, unsuppressStatement } from './suppressed-addresses.ts'

const listedMailRow = v.object({
  mailId: v.string(),
  kind: v.string(),
  userId: integer,
  address: v.string(),
  queuedAt: instant,
  tries: integer,
  nextTryAt: v.nullable(instant),
  givenUpAt: v.nullable(instant),
  problem: v.nullable(v.string()),
  isUseless: flag,
})

/**
 * A mail that waits, or was given up. Instants are seconds since 1970. `isUseless`: it is never sent,
 * because its code was used, or can be used no more.
 */
export type ListedMail = Readonly<v.InferOutput<typeof listedMailRow>>

/** Mails that are not sent, and what the list leaves out. */
export interface UnsentMail {
  /** The newest first. */
  readonly mails: readonly ListedMail[]
  /** How many mails there are in all, also those beyond the bound. */
  readonly all: number
  /** How many addresses get no mail now. */
  readonly suppressed: number
}

const suppressedRow = v.object({ recipient: v.string(), until: instant })

/** An address that gets no mail until then, in seconds since 1970. It is spelled as it is compared. */
export type SuppressedAddress = Readonly<v.InferOutput<typeof suppressedRow>>

/** Which of the mails that are not sent. */
export type MailState = 'waiting' | 'given_up'

/**
 * What a retry did. `retried`: the mail is due now. `due`: it was due already, and nothing changed.
 * All others are refusals.
 */
export type RetryOutcome = 'retried' | 'due' | RetryRefusal

/** Why a mail is not tried again. `code_void`: its code was used, or can be used no more. */
export type RetryRefusal = 'mail_unknown' | 'mail_sent' | 'code_void' | 'address_suppressed'

/**
 * A claimed mail that waits may be under way: its sender has 20 s. A retry makes it due after that
 * time, so no second sender takes it.
 */
const underWaySeconds = 30

const { id, codeId, recipient, createdAt, nextTryAt, sentAt, givenUpAt } = outgoingMail
const isUnsent = isNull(sentAt)
const isOfState = { waiting: isNotNull(nextTryAt), given_up: isNull(nextTryAt) }
const isSuppressedNow = gt(suppressedAddresses.until, databaseNow)
const countRow = v.object({ rows: integer })

/** The newest mails that are not sent: of one state, or of both. One round trip. */
export async function listUnsentMail(
  database: Database,
  most: number,
  state?: MailState,
): Promise<UnsentMail> {
  const isListed = and(isUnsent, state && isOfState[state])
  const { kind, userId, address, tries, problem } = outgoingMail
  const { listed, counted, suppressed } = await readBatch(database, {
    listed: build
      .select({
        ...{ mailId: id, kind, userId, address, queuedAt: createdAt },
        ...{ tries, nextTryAt, givenUpAt, problem },
        isUseless: sql<number>`${isUseless()}`.as('is_useless'),
      })
      .from(outgoingMail)
      .where(isListed)
      .orderBy(desc(createdAt), desc(id))
      .limit(most),
    counted: build.select({ rows: count() }).from(outgoingMail).where(isListed),
    suppressed: countSuppressedStatement(),
  })
  return {
    mails: decodeRows(listedMailRow, listed),
    all: decodeRow(countRow, counted).rows,
    suppressed: decodeRow(countRow, suppressed).rows,
  }
}

/** The addresses that get no mail now, the longest suppressed first; and how many. One round trip. */
export async function listSuppressedAddresses(
  database: Database,
  most: number,
): Promise<{ readonly addresses: readonly SuppressedAddress[]; readonly all: number }> {
  const { until, recipient: address } = suppressedAddresses
  const { listed, counted } = await readBatch(database, {
    listed: build
      .select({ recipient: address, until })
      .from(suppressedAddresses)
      .where(isSuppressedNow)
      .orderBy(desc(until), asc(address))
      .limit(most),
    counted: countSuppressedStatement(),
  })
  return { addresses: decodeRows(suppressedRow, listed), all: decodeRow(countRow, counted).rows }
}

function countSuppressedStatement() {
  return build.select({ rows: count() }).from(suppressedAddresses).where(isSuppressedNow)
}

/** Ids of mails that are not sent, in their order, greater than `after`. One round trip. */
export async function findUnsentMailIds(
  database: Database,
  after: string,
  most: number,
): Promise<readonly string[]> {
  const { found } = await readBatch(database, {
    found: build
      .select({ mailId: id })
      .from(outgoingMail)
      .where(and(isUnsent, gt(id, after)))
      .orderBy(asc(id))
      .limit(most),
  })
  return decodeRows(v.object({ mailId: v.string() }), found).map(({ mailId }) => mailId)
}

/**
 * Makes mails due, and gives each another day. Only a mail without a code keeps its time, because it
 * tells it: once that day is over, it gets one try. A mail whose address is suppressed is refused,
 * unless the suppression is lifted. Records each mail that it changes. Atomic and idempotent. One
 * round trip.
 *
 * @param mailIds up to 50, each once
 * @param liftsSuppression whether the addresses may get mail again
 * @returns what became of each
 */
export async function retryMail(
  database: Database,
  mailIds: readonly string[],
  { liftsSuppression, entry }: { readonly liftsSuppression: boolean; readonly entry: AuditEntry },
): Promise<ReadonlyMap<string, RetryOutcome>> {
  const retries: Record<string, Statements[string]> = { found: findMailStatement(mailIds) }
  for (const [at, mailId] of mailIds.entries()) {
    Object.assign(retries, retryStatements(`m${at}`, mailId, liftsSuppression, entry))
  }
  const answers = await runBatch(database, retries)
  const found = decodeRows(foundRow, answers.found ?? [])
  return new Map(
    mailIds.map((mailId, at) => {
      const isRetried = decodeRows(recordedRow, answers[`m${at}event`] ?? []).length > 0
      const mail = found.find((one) => one.mailId === mailId)
      return [mailId, isRetried ? 'retried' : reasonOf(mail, liftsSuppression)]
    }),
  )
}

const recordedRow = v.object({ seq: integer })
const foundRow = v.object({
  mailId: v.string(),
  isSent: flag,
  isUseless: flag,
  isSuppressed: flag,
})

/** What the mails were before the batch changes them. */
function findMailStatement(mailIds: readonly string[]) {
  return build
    .select({
      mailId: id,
      isSent: sql<number>`(${isNotNull(sentAt)})`.as('is_sent'),
      isUseless: sql<number>`(${isUseless()})`.as('is_useless'),
      isSuppressed: sql<number>`(${isSuppressed(sql`${recipient}`)})`.as('is_suppressed'),
    })
    .from(outgoingMail)
    .where(inArray(id, [...mailIds]))
}

function reasonOf(
  mail: v.InferOutput<typeof foundRow> | undefined,
  liftsSuppression: boolean,
): RetryOutcome {
  if (!mail) return 'mail_unknown'
  if (mail.isSent) return 'mail_sent'
  if (mail.isUseless) return 'code_void'
  return mail.isSuppressed && !liftsSuppression ? 'address_suppressed' : 'due'
}

function retryStatements(
  name: string,
  mailId: string,
  liftsSuppression: boolean,
  entry: AuditEntry,
): Statements {
  const isThis = eq(id, mailId)
  const isHeld = isSuppressed(sql`${recipient}`)
  const isLater = or(
    isNotNull(givenUpAt),
    gt(nextTryAt, sql`${databaseNow} + ${underWaySeconds}`),
    liftsSuppression ? isHeld : undefined,
  )
  // A mail is late from then on, so claiming it makes its code good for its whole life again.
  const begun = sql`max(${createdAt}, ${databaseNow} - ${lateSeconds + 1})`
  const soon = sql`min(${nextTryAt}, ${databaseNow} + ${underWaySeconds})`
  const isPermitted = liftsSuppression ? undefined : not(isHeld)
  const retried = build
    .select({ recipient })
    .from(outgoingMail)
    .where(and(isThis, sql`changes() > 0`))
  return {
    [name]: build
      .update(outgoingMail)
      .set({
        nextTryAt: sql`iif(${givenUpAt} IS NULL, ${soon}, ${databaseNow})`,
        createdAt: sql`iif(${codeId} IS NULL, ${createdAt}, ${begun})`,
        givenUpAt: null,
      })
      .where(and(isThis, isUnsent, not(isUseless()), isLater, isPermitted)),
    ...auditStatements(`${name}event`, entry, {
      ...{ outcome: 'success', userId: sql`${outgoingMail.userId}`, target: mailId },
      of: { table: sql`${outgoingMail}`, where: isThis },
    }),
    ...(liftsSuppression && {
      [`${name}lifted`]: unsuppressStatement(sql`${retried}`),
    }),
  }
}
