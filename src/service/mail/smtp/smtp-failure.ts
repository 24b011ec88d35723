// What a failure of SMTP means for the mail. The reply code and the enhanced code decide (RFC 5321
// §4.2, RFC 3463, RFC 4954 §6). The text of a reply never reaches the log: it often quotes the
// address.

import type { MailFailure, MailFailureKind } from '../mailer.ts'

/** How far a session has come: the TLS connection, greeting and EHLO, AUTH, or the mail itself. */
export type SmtpStep = 'connect' | 'EHLO' | 'AUTH' | 'mail'

/** An error of nodemailer or of the socket, as far as it is read here. */
interface SmtpError {
  readonly code?: unknown
  /** What the socket said, where nodemailer has put a code of its own over it. */
  readonly originalCode?: unknown
  /** The command that was answered, or `CONN`. */
  readonly command?: unknown
  readonly response?: unknown
}

interface Reply {
  readonly code: number
  /** `5.1.1`, or empty. */
  readonly enhanced: string
  /** The second and third number of the enhanced code: `1.1`. */
  readonly detail: string
  readonly text: string
}

/** The failure that an error means. `step` is where the session was. */
export function failureOf(error: unknown, step: SmtpStep): MailFailure {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as SmtpError
  const reply = parseReply(fields.response)
  const at = commandOf(fields.command) ?? step
  const code = codeOf(fields)
  const kind = reply ? kindOfReply(at, reply) : kindWithoutReply(code)
  return failAt(
    at,
    [reply?.code, reply?.enhanced, code].filter(Boolean).join(' ') || 'failed',
    kind,
  )
}

/** A failure at a step, in words of this file. */
export function failAt(at: string, what: string, kind: MailFailureKind): MailFailure {
  return { kind, problem: `SMTP, ${at}: ${what}` }
}

function parseReply(response: unknown): Reply | undefined {
  const form = /^([45]\d\d)(?:[ -](?:([45]\.(\d{1,3}\.\d{1,3}))\b)?|$)/
  const [text, code, enhanced = '', detail = ''] = form.exec(String(response)) ?? []
  return text === undefined
    ? undefined
    : { code: Number(code), enhanced, detail, text: String(response) }
}

/** `MAIL FROM` is MAIL, `AUTH PLAIN` is AUTH. Undefined where no command was answered. */
function commandOf(command: unknown): string | undefined {
  return /^(?:EHLO|HELO|AUTH|MAIL|RCPT|DATA)\b/.exec(String(command))?.[0]
}

function codeOf({ code, originalCode }: SmtpError): string {
  const name = String(originalCode ?? code ?? '')
  return /^[A-Z\d_]{1,60}$/.test(name) ? name : ''
}

/**
 * A certificate that is not good, or a port without TLS. Most often the host or the port is wrong, or
 * an authority is unknown here. It takes an operator to end that.
 */
const tlsFault = /CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|WRONG_VERSION|PACKET_LENGTH/

function kindWithoutReply(code: string): MailFailureKind {
  return tlsFault.test(code) || code === 'EAUTH' ? 'misconfigured' : 'later'
}

/** Authentication is missing, or not good enough, whatever the command was. */
const authenticationCodes = [530, 534, 535, 538]

function kindOfReply(at: string, { code, detail, ...reply }: Reply): MailFailureKind {
  if (code < 500) return 'later'
  if (authenticationCodes.includes(code)) return 'misconfigured'
  if (at === 'RCPT') return kindOfRecipient({ code, detail, ...reply })
  // The mailbox is full. 5.3.4 is a mail that is too large.
  if (at === 'DATA') return detail === '2.2' ? 'later' : 'mail_refused'
  // A server that went away while it said something.
  return at === 'mail' ? 'later' : 'misconfigured'
}

/** What a permanent refusal of the recipient means, by the exact enhanced code. */
const byDetail: Readonly<Record<string, MailFailureKind>> = {
  // The sender's address, which some servers judge only with the recipient's.
  '1.7': 'misconfigured',
  '1.8': 'misconfigured',
  '2.2': 'later',
  '3.4': 'mail_refused',
}

/** The same, by the subject: the second number of the enhanced code. */
const bySubject: Readonly<Record<string, MailFailureKind>> = {
  // The state of the server, not of the address.
  '3': 'later',
  // The protocol, and policies: "relaying denied".
  '5': 'misconfigured',
  '7': 'misconfigured',
}

/** Exim says this without an enhanced code. */
const relaying = /\brelay(?:ing)? (?:access )?(?:denied|not permitted|prohibited)/i

/** Commands that are unknown or out of order. */
const protocolCodes = [500, 502, 503, 504]

function kindOfRecipient({ code, detail, text }: Reply): MailFailureKind {
  const [subject = ''] = detail.split('.')
  const known = byDetail[detail] ?? bySubject[subject]
  if (known) return known
  if (protocolCodes.includes(code) || relaying.test(text)) return 'misconfigured'
  return code === 552 ? 'later' : 'address_refused'
}
