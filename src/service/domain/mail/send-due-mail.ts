// Sends the mail that is due: after an answer that has queued some, and by cron. Each mail is
// claimed in the database before it is sent, so that no two senders send it at once. A sender that
// dies leaves it to the next one. So each mail is sent at least once, with the same id.

import { refuse } from '../../../errors/reasons.ts'
import { isObject } from '../../../token/json.ts'
import { accountPagesOf, hasLoginPage, serviceNameOf } from '../../mail/account-pages.ts'
import { composeMail } from '../../mail/compose-mail.ts'
import { type Language, languages } from '../../mail/languages.ts'
import type { CodeMail, MailContent } from '../../mail/mail-content.ts'
import { failureKinds, type Mail, type MailFailure } from '../../mail/mailer.ts'
import { isPlainAddress } from '../../mail/plain-address.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import { type CodePurpose, linkSecondsOf } from '../../store/codes.ts'
import {
  type ClaimedMail,
  claimDueMail,
  recordTries,
  type TriedMail,
} from '../../store/mail-tries.ts'
import type { MailDeps } from './mail-deps.ts'

/** A request on Workers has six connections: these, one for the database, and one for others. */
const mailsAtOnce = 4
const maxSendMs = 20_000
/** Of four mails each. */
const maxRounds = 50
const maxProblemCharacters = 200
/** The event of the audit. */
const auditedEvent = 'mail'
const entry: AuditEntry = { event: auditedEvent, actor: 'service' }

/** How many mails were sent, and how many not. */
export interface SentMail {
  readonly sent: number
  readonly unsent: number
}

/**
 * Sends up to four mails that are due, at the same time, within about 20 s. What is not sent is
 * tried again later, or given up after a day. Two round trips, or one if nothing is due. Logs each
 * mail that was not sent. Rejects when the database is unavailable. Nothing is lost then, and a
 * mail may come twice.
 *
 * @param env what the platform gives to the mailer
 */
export async function sendDueMail(deps: MailDeps, env: unknown): Promise<SentMail> {
  const { database, settings } = deps
  if (!deps.mailer) return { sent: 0, unsent: 0 }
  const claimed = await claimDueMail(database, mailsAtOnce, settings.codeLifetimes)
  if (claimed.length === 0) return { sent: 0, unsent: 0 }
  const tried = await Promise.all(claimed.map((mail) => tryToSend(deps, mail, env)))
  const givenUp = await recordTries(database, tried, entry)
  for (const { mail, problem } of tried) {
    if (problem === undefined) continue
    const { mailId, kind, tries } = mail
    const isGivenUp = givenUp.has(mailId)
    deps.log(JSON.stringify({ event: 'mail_not_sent', mailId, kind, tries, problem, isGivenUp }))
  }
  const unsent = tried.filter(({ problem }) => problem !== undefined).length
  return { sent: tried.length - unsent, unsent }
}

/**
 * Sends mail that is due, as `sendDueMail` does, until none is left: 200 mails at most. The next
 * call sends the rest.
 */
export async function sendAllDueMail(deps: MailDeps, env: unknown): Promise<void> {
  for (let rounds = 0; rounds < maxRounds; rounds += 1) {
    const { sent, unsent } = await sendDueMail(deps, env)
    if (sent + unsent < mailsAtOnce) return
  }
}

/** What becomes of one mail never keeps the others from being recorded. */
async function tryToSend(deps: MailDeps, claimed: ClaimedMail, env: unknown): Promise<TriedMail> {
  const failure = await sendOne(deps, claimed, env).catch((): MailFailure => notComposed)
  if (!failure) return { mail: claimed, problem: undefined }
  const { kind, problem } = failure
  return {
    mail: claimed,
    problem: `${kind}: ${withoutAddress(problem, claimed)}`.slice(0, maxProblemCharacters),
    isRefused: kind === 'address_refused' || kind === 'mail_refused',
    isAddressRefused: kind === 'address_refused',
  }
}

/** Undefined: it was sent. */
async function sendOne(
  deps: MailDeps,
  claimed: ClaimedMail,
  env: unknown,
): Promise<MailFailure | undefined> {
  if (!isPlainAddress(claimed.address)) return notPlain
  const sent: unknown = await sendInTime(deps, await mailOf(deps, claimed), env)
  if (!isObject(sent)) return nonsense
  if (sent.ok === true) return undefined
  return isObject(sent.error) && failureKinds.some((kind) => kind === Object(sent.error).kind)
    ? (sent.error as unknown as MailFailure)
    : nonsense
}

/** One line, without the address and what a mailer of an application may add. */
function withoutAddress(problem: unknown, { address, recipient }: ClaimedMail): string {
  const line = String(problem).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.replaceAll(address, '…').replaceAll(recipient, '…')
}

/** A mailer that does not come back in time, or throws, has not sent it, as far as is known. */
async function sendInTime(
  { mailer, runtime }: MailDeps,
  mail: Mail,
  env: unknown,
): Promise<unknown> {
  const aborting = new AbortController()
  const ended = new AbortController()
  const late = runtime.delay(maxSendMs, ended.signal).then(() => {
    aborting.abort()
    return refuse<MailFailure>({ kind: 'later', problem: 'no answer within 20 s' })
  })
  const sending = async () => {
    try {
      return await mailer?.send(mail, { env, signal: aborting.signal })
    } catch (error) {
      return refuse<MailFailure>({
        kind: 'later',
        problem: error instanceof Error ? error.name : 'a throw',
      })
    }
  }
  try {
    return await Promise.race([sending(), late])
  } finally {
    ended.abort()
  }
}

const nonsense: MailFailure = { kind: 'later', problem: 'the mailer gave no result' }
/** Accounts from before may have any text as their email. */
const notPlain: MailFailure = { kind: 'mail_refused', problem: 'the email is no plain address' }
const notComposed: MailFailure = { kind: 'later', problem: 'the mail cannot be composed' }

/** Deterministic: the same row gives the same mail. */
async function mailOf(deps: MailDeps, claimed: ClaimedMail): Promise<Mail> {
  const { mailFrom, issuer } = deps.settings
  const from = mailFrom ?? { name: undefined, address: '' }
  const serviceName = serviceNameOf({ mailFrom, issuer })
  const language = isLanguage(claimed.language) ? claimed.language : languages[0]
  const composed = composeMail(await contentOf(deps, claimed), { serviceName, language })
  return { id: claimed.mailId, from, to: claimed.address, ...composed }
}

async function contentOf(deps: MailDeps, mail: ClaimedMail): Promise<MailContent> {
  const { kind, codeId, createdAt, dueAt, device } = mail
  const told = { at: dueAt ?? createdAt, device: device ?? undefined }
  switch (kind) {
    case 'account_exists':
      return { kind }
    case 'password_changed':
    case 'deletion_planned':
    case 'deletion_taken_back':
    case 'new_device':
      return { kind, ...told }
    case 'email_changed': {
      const linked = await linkOf(deps, 'undo_email_change', codeId ?? '')
      return { kind, ...told, ...linked, link: codeId === null ? undefined : linked.link }
    }
    case 'invitation':
      return { kind, ...(await linkOf(deps, kind, codeId ?? '')) }
    default:
      return codeContentOf(deps, kind, codeId ?? '')
  }
}

async function codeContentOf(
  deps: MailDeps,
  kind: CodeMail['kind'],
  codeId: string,
): Promise<CodeMail> {
  const { mailedCodes, settings } = deps
  const linked = await linkOf(deps, kind, codeId)
  const code = await mailedCodes.codeOf(kind, codeId)
  const codeMinutes = Math.floor(settings.codeLifetimes.codeSeconds / 60)
  const link = kind === 'sign_in' && !hasLoginPage(settings) ? undefined : linked.link
  return { kind, code, ...linked, link, codeMinutes }
}

async function linkOf({ mailedCodes, settings }: MailDeps, purpose: CodePurpose, codeId: string) {
  const token = await mailedCodes.linkTokenOf(purpose, codeId)
  return {
    link: `${accountPagesOf(settings)}/${pageOf[purpose]}?token=${token}`,
    linkMinutes: Math.floor(linkSecondsOf(purpose, settings.codeLifetimes) / 60),
  }
}

/** A later version may know more of them. */
function isLanguage(text: string): text is Language {
  return languages.some((language) => language === text)
}

/** Purpose → the page of its link. */
const pageOf: Readonly<Record<CodePurpose, string>> = {
  reset_password: 'reset',
  sign_in: 'code',
  verify_email: 'verify',
  change_email: 'email',
  undo_email_change: 'email-undo',
  invitation: 'invitation',
}
