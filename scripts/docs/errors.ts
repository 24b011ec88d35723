// docs/reference/errors.md, from the catalogue.

import { catalogue, refusalFor } from '../../src/errors/catalogue.ts'
import { occasions } from '../../src/errors/occasions.ts'
import type { Reason } from '../../src/errors/reasons.ts'
import { guardRefusals, type Refusal } from '../../src/errors/token-refusals.ts'
import { renderTable } from './markdown.ts'

/** docs/reference/errors.md */
export function renderErrors(): string {
  const reasons = Object.keys(catalogue) as Reason[]
  const heads = ['status', 'code', 'message', 'when', 'reason in the log', 'challenge, Retry-After']
  return `# Errors

*Generated from \`src/errors/\` by \`npm run docs\`.*

Write programs that go by the HTTP status and by \`code\`. Both stay the same in later versions. \`message\` is for people. The log has the *reason*, which is finer than the code.

| who answers | how |
| --- | --- |
| the service | \`{ "status": "fail", "message", "code" }\` |
| the service, for bad fields (\`invalid_input\`) | the same, with \`errors: [{ "field", "message" }]\` |
| the service, for a bug (\`internal\`) | the same, with \`request_id\`, which finds the line in the log |
| the service, at \`/oauth/*\` | \`{ "error", "error_description" }\` (RFC 6749 §5.2) |
| a guard | \`{ "title", "status", "detail", "code" }\`, as \`application/problem+json\` (RFC 9457) |

- At \`/oauth/*\`, \`error\` is \`invalid_client\` for 401, \`temporarily_unavailable\` for 503, \`server_error\` for 500, and \`invalid_request\` otherwise.
- A guard has the status, the code and the challenge of the table, and the message of \`standard\`.
- A guard whose \`issuer\` is on this machine adds \`problem\` to a 401 of a token that does not fit. Others say it in their log ([my guard says 401](../operate/guard-says-401.md)).
- Where the two contracts of \`HTTP_CONTRACT\` differ, the first line is \`classic\`, the second \`standard\`.

## Refusals

${renderTable([...heads, 'source'], [...reasons.map(errorRow), ...guardReasons.map(guardRow)])}
`
}

function errorRow(reason: Reason): string[] {
  const { when, source } = occasions[reason]
  const classic = refusalFor(reason, 'classic')
  const standard = refusalFor(reason, 'standard')
  const both = (show: (refusal: Refusal) => string) =>
    show(classic) === show(standard) ? show(classic) : `${show(classic)}<br>${show(standard)}`
  return [
    both(({ status }) => String(status)),
    both(({ code }) => `\`${code}\``),
    both(({ message }) => message),
    when,
    `\`${reason}\``,
    both(headersOf),
    source,
  ]
}

/** Refusals that only a guard gives. */
const guardReasons = ['revocations_unavailable', 'role_missing'] as const

function guardRow(reason: (typeof guardReasons)[number]): string[] {
  const entry: Refusal = guardRefusals[reason]
  const { status, code, message } = entry
  const { when, source } = occasions[reason]
  return [String(status), `\`${code}\``, message, when, `\`${reason}\``, headersOf(entry), source]
}

function headersOf({ challenge, retryAfterSeconds }: Refusal): string {
  if (retryAfterSeconds !== undefined) return `${retryAfterSeconds} s`
  if (challenge === undefined) return '–'
  if (challenge === 'basic') return '`Basic`'
  return challenge === 'bare' ? '`Bearer`' : `\`Bearer error="${challenge}"\``
}
