// The fields of a code, wherever a body has one: the token of a link, or a code with its handle.

import * as v from 'valibot'
import type { SentCode } from '../domain/codes/check-code.ts'

/** The fields. `hasOneCode` checks which of them there are. */
export const sentCode = {
  token: v.optional(v.string('Give the token of the link as a string, or leave it out.')),
  handle: v.optional(v.string('Give the handle as a string, or leave it out.')),
  code: v.optional(v.string('Give the code as a string, or leave it out.')),
}

/** What shows that the reader of a mail has set the password. */
export const samePerson = {
  device_token: v.optional(v.string('Give the device_token as a string, or leave it out.')),
  password: v.optional(v.string('Give the password as a string, or leave it out.')),
}

const codeRule = 'Give the token of the link, or the handle and the code.'

/** Whether a body has the token of a link, or a code with its handle, and not both. */
export function hasOneCode<T extends SentCode>() {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const { token, handle, code } = dataset.value
    const isGiven = token === undefined ? handle !== undefined && code !== undefined : !code
    const input: { [Member in keyof T]: unknown } = dataset.value
    const place = { type: 'object', origin: 'value', key: 'code', value: code } as const
    if (!isGiven) addIssue({ message: codeRule, path: [{ ...place, input }] })
  })
}
