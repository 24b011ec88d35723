// The field of a new email, wherever a body has one: at registration, and at a change.

import * as v from 'valibot'
import type { ServiceSettings } from '../config/config.ts'
import { emailRule, isDotless, parseEmail, publicDomainRule } from '../domain/identity/email.ts'
import { parsedBy } from '../http/body-schema.ts'

/** The field. Its value is the email in its forms. */
export function allowedEmail(
  { emailDomains }: Pick<ServiceSettings, 'emailDomains'>,
  field: v.StringSchema<string>,
) {
  return v.pipe(
    field,
    parsedBy(
      (typed) => parseEmail(typed, emailDomains),
      (typed) => (isDotless(typed) ? publicDomainRule : emailRule),
    ),
  )
}
