// What is wrong with a new password, in the words of the reader.

import type { Deps } from '../domain/deps.ts'
import { parsePassword } from '../domain/identity/identity.ts'
import { type PasswordFault, passwordFault } from '../domain/identity/password-policy.ts'
import type { PageTexts } from './texts/text.ts'

/** Where a new password is typed. */
interface Place {
  readonly deps: Pick<Deps, 'settings'>
  readonly texts: PageTexts
}

/** The problem of the field. Without the email, as far as the policy does not need it. */
export function newPasswordProblem(
  place: Place,
  typed: string,
  email?: string,
): { readonly new_password: string } | undefined {
  const { passwordPolicy, issuer } = place.deps.settings
  if (typed === '') return { new_password: place.texts.passwordMissing }
  const password = parsePassword(typed)
  if (password === undefined) return { new_password: place.texts.passwordTooLong }
  const fault = passwordFault(passwordPolicy, password, { email, issuer })
  return fault && { new_password: faultSentence(place, fault) }
}

/** What the policy has against a password, and what would do. */
export function faultSentence({ deps, texts }: Place, fault: PasswordFault): string {
  const { short, ...others } = texts.passwordFaults
  return fault === 'short' ? short(deps.settings.passwordPolicy.minLength) : others[fault]
}
