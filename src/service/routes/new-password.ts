// The field of a new password, wherever a body has one: at registration, and at a change.

import * as v from 'valibot'
import type { ServiceSettings } from '../config/config.ts'
import { isLongEnough, parsePassword, passwordRule } from '../domain/identity/identity.ts'
import { parsedBy } from '../http/body-schema.ts'

/** The field, by the rules of the settings. Its value is the password in its normal form. */
export function newPassword(
  { passwordMinLength }: Pick<ServiceSettings, 'passwordMinLength'>,
  field: v.StringSchema<string>,
) {
  return v.pipe(
    field,
    parsedBy(parsePassword, () => passwordRule),
    v.check(
      (parsed) => isLongEnough(parsed, passwordMinLength),
      `Give a password of at least ${passwordMinLength} characters.`,
    ),
  )
}
