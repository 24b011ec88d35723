// The recipient as SMTP takes it (RFC 5321 §4.1.2, RFC 6531 §3.3). `parseEmail` has checked the
// address. It is checked again here, because a wrong one could name a second recipient.

/** An address that can be written between angle brackets. */
export interface Recipient {
  /** With the domain in ASCII. */
  readonly address: string
  /** Whether the part before the `@` has letters beyond ASCII. The server then needs SMTPUTF8. */
  readonly needsUtf8: boolean
}

/** One `@`, and nothing that separates, quotes or ends an address. */
const plainForm =
  /^([^@\s\p{Cc}\p{Cf}\p{Cs}<>()[\]\\,;:"]+)@([^@\s\p{Cc}\p{Cf}\p{Cs}<>()[\]\\,;:"%/?#]+)$/u
const asciiDomain = /^[a-z\d.-]{1,253}$/
const ascii = /^[\x21-\x7e]+$/

/** The recipient of a plain address. Undefined for what is not one. */
export function recipientOf(address: string): Recipient | undefined {
  const [, local = '', domain = ''] = plainForm.exec(address) ?? []
  const hostname = domain && URL.parse(`http://${domain}`)?.hostname
  if (!hostname || !asciiDomain.test(hostname)) return undefined
  return { address: `${local}@${hostname}`, needsUtf8: !ascii.test(local) }
}
