// The field of a new password, wherever a body has one: at registration, and at a change.

import * as v from 'valibot'
import type { ServiceSettings } from '../config/config.ts'
import type { Email } from '../domain/identity/email.ts'
import { parsePassword, passwordRule } from '../domain/identity/identity.ts'
import { passwordProblem } from '../domain/identity/password-policy.ts'
import { parsedBy } from '../http/body-schema.ts'

type PolicySettings = Pick<ServiceSettings, 'passwordPolicy' | 'issuer'>

/** The field. Its value is the password in its normal form. */
export function parsedPassword(field: v.StringSchema<string>) {
  return v.pipe(
    field,
    parsedBy(parsePassword, () => passwordRule),
  )
}

/** The field with the policy, as far as it does not need the email. */
export function allowedPassword(
  { passwordPolicy, issuer }: PolicySettings,
  field: v.StringSchema<string>,
) {
  return v.pipe(
    parsedPassword(field),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed && passwordProblem(passwordPolicy, dataset.value, { issuer })
      if (message) addIssue({ message })
    }),
  )
}

/**
 * The policy for the password of a body, which needs the email, too. It also runs if the email does
 * not fit, so that all problems are reported at once.
 */
export function passwordAllowedBy({ passwordPolicy, issuer }: PolicySettings) {
  return v.rawCheck<{ readonly email: Email; readonly password: string }>(
    ({ dataset, addIssue }) => {
      const fits = (field: string) => !dataset.issues?.some(({ path }) => path?.[0]?.key === field)
      if (!fits('password')) return
      const input = dataset.value as { readonly email: Email; readonly password: string }
      const email = fits('email') ? input.email.emailNormalized : undefined
      const message = passwordProblem(passwordPolicy, input.password, { email, issuer })
      if (message === undefined) return
      const place = { type: 'object', origin: 'value', key: 'password' } as const
      addIssue({ message, path: [{ ...place, input: { ...input }, value: input.password }] })
    },
  )
}
