// What a person finds in a mail: the code, and the link.

/** A mail as it is read. Undefined: none came. */
type Readable = { readonly text: string } | undefined

/** The code of a mail, as a person reads it. */
export function codeIn(mail: Readable): string {
  return /^[0-9A-Z]{4}-[0-9A-Z]{4}$/m.exec(mail?.text ?? '')?.[0] ?? 'no code'
}

/** The token of the link in a mail. */
export function linkTokenIn(mail: Readable): string {
  return /\?token=([\w.-]+)/.exec(mail?.text ?? '')?.[1] ?? 'no link'
}
