// Where mail is sent over SMTP: the setting SMTP_URL.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { unseen } from '../../token/issuer.ts'

/** A mail server, and who sends. */
export interface SmtpServer {
  /** Its name or address. Its certificate must be for it. */
  readonly host: string
  /** It speaks TLS from the first byte. Default: 465. */
  readonly port: number
  /** Undefined: without authentication. */
  readonly user: string | undefined
  /** A secret. */
  readonly password: string | undefined
}

/** Submission over implicit TLS (RFC 8314 §3.3). */
const defaultPort = 465
const example = 'smtps://user:password@smtp.example.com'

/** The server of a URL. The refusal completes the sentence "NAME …", and never quotes the value. */
export function parseSmtpUrl(text: string): Result<SmtpServer, string> {
  const url = URL.parse(text)
  if (url?.protocol === 'smtp:') {
    return refuse(`must begin with smtps://, because mail is sent over TLS from the first byte`)
  }
  const isPlain = url?.protocol === 'smtps:' && /^\/?$/.test(url.pathname) && !/[?#\s]/.test(text)
  const user = isPlain ? decode(url.username) : undefined
  const password = isPlain ? decode(url.password) : undefined
  if (!url?.hostname || !isPlain || user === undefined || password === undefined) {
    return refuse(
      `must be a URL such as ${example}, with percent-encoded user and password, and without path, query and fragment`,
    )
  }
  if ((user === '') !== (password === '')) return refuse('must have both user and password')
  const port = url.port === '' ? defaultPort : Number(url.port)
  return succeed({
    ...{ host: url.hostname, port },
    ...{ user: user || undefined, password: password || undefined },
  })
}

/** Undefined if it is not percent-encoded well, or has control characters. */
function decode(encoded: string): string | undefined {
  try {
    const decoded = decodeURIComponent(encoded)
    return unseen.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}
