import { namedFailure } from '../../../errors/named-failure.ts'

const hidden = '(email)'

/**
 * What a claims hook has thrown, for the log. The hook gets the account's email, so its errors may
 * quote it, or have it in a URL. The log never has an email.
 */
export function hookFailure(cause: unknown, email: string): Error {
  const failure = namedFailure('The claims hook', cause)
  const forms = new RegExp(formsOf(email).map(escaped).join('|'), 'giu')
  const hide = (text: string) => text.normalize('NFC').replace(forms, hidden)
  const { stack } = failure
  failure.message = hide(failure.message)
  if (stack !== undefined) failure.stack = hide(stack)
  return failure
}

/** As typed, and with the domain in ASCII. Each of them plain, and as URLs encode it. */
function formsOf(email: string): string[] {
  const at = email.lastIndexOf('@') + 1
  const asciiDomain = URL.parse(`http://${email.slice(at)}`)?.hostname
  const plain = asciiDomain ? [email, email.slice(0, at) + asciiDomain] : [email]
  return plain.flatMap((form) => [form, encodeURI(form), encodeURIComponent(form)])
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
