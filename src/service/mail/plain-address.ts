// Whether an address may be handed to a provider. `parseEmail` has checked new accounts already. Older
// accounts may have any text as their email, and a provider may take such a text apart: into two
// recipients, or into a name and another address.

import { unseen } from '../../token/issuer.ts'

const maxCharacters = 320
/** One @, and nothing that separates, quotes or comments in RFC 5322 §3.2.3. */
const plainForm = /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/

/**
 * Whether the text is one address and nothing else. It has one @, at most 320 characters, and no
 * spaces, control characters, quotes, brackets, commas, colons and semicolons. Letters beyond ASCII
 * are allowed.
 */
export function isPlainAddress(text: string): boolean {
  return text.length <= maxCharacters && plainForm.test(text) && !unseen.test(text)
}
