// The parts of the documentation that the code knows better: the error catalogue and the table of
// settings.

import { readFileSync } from 'node:fs'
import { catalogue, refusalFor } from '../src/errors/catalogue.ts'
import type { Reason } from '../src/errors/reasons.ts'
import { type Entry, guardRefusals, type Refusal } from '../src/errors/token-refusals.ts'
import { type Setting, settings } from '../src/service/config/settings.ts'

/** A file of the documentation as it should be. */
export interface GeneratedDoc {
  readonly path: string
  readonly content: string
}

const root = new URL('../', import.meta.url)

/** What `npm run docs` writes, and what the tests compare. */
export function generateDocs(): GeneratedDoc[] {
  return [
    { path: 'docs/errors.md', content: renderErrors() },
    { path: 'README.md', content: withSettingsTable(readDoc('README.md')) },
  ]
}

/** A file of the repository, as it is. */
export function readDoc(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

function renderErrors(): string {
  const reasons = Object.keys(catalogue) as Reason[]
  return `# Errors

*Generated from \`src/errors/\` by \`npm run docs\`.*

Every refusal is \`{ "status": "fail", "message": "…", "code": "…" }\` in JSON. Programs go by \`code\` and the HTTP status, which stay; \`message\` is for
people. The log of the service names the reason, which is finer than the code. At \`/oauth/*\` refusals are \`{ "error", "error_description" }\` (RFC 6749 §5.2): \`invalid_client\` for 401, \`temporarily_unavailable\` for 503, \`server_error\` for 500, otherwise \`invalid_request\`. A bug (\`internal\`) adds \`request_id\`, and bad fields
(\`invalid_input\`) add \`errors: [{ "field", "message" }]\`. Where the vocabularies of \`HTTP_CONTRACT\` differ, the second line is \`standard\`.

Guards in other Workers refuse for the reasons that begin with \`token_\`, \`bearer_\`, \`key_\` and \`revocations_\`, and for \`cross_site_request\`, \`role_missing\` and \`login_not_fresh\`, with the same status, code and challenge (and the sentence of \`standard\`), as problem details (RFC 9457):
\`{ "title", "status", "detail", "code" }\` in \`application/problem+json\`.

| status | code | message | when | reason in the log | challenge, Retry-After | source |
| --- | --- | --- | --- | --- | --- | --- |
${[...reasons.map(errorRow), ...guardReasons.map(guardRow)].join('\n')}
`
}

function errorRow(reason: Reason): string {
  const { when, source } = catalogue[reason]
  const classic = refusalFor(reason, 'classic')
  const standard = refusalFor(reason, 'standard')
  const both = (show: (refusal: Refusal) => string) =>
    show(classic) === show(standard) ? show(classic) : `${show(classic)}<br>${show(standard)}`
  return tableRow([
    both(({ status }) => String(status)),
    both(({ code }) => `\`${code}\``),
    both(({ message }) => message),
    when,
    `\`${reason}\``,
    both(headersOf),
    source,
  ])
}

/** The refusals that the service itself never gives. */
const guardReasons = ['revocations_unavailable', 'role_missing', 'login_not_fresh'] as const

function guardRow(reason: (typeof guardReasons)[number]): string {
  const { status, code, message, when, source, ...entry }: Entry = guardRefusals[reason]
  const headers = headersOf({ status, code, message, ...entry })
  return tableRow([
    ...[String(status), `\`${code}\``, message, when],
    ...[`\`${reason}\``, headers, source],
  ])
}

function headersOf({ challenge, retryAfterSeconds }: Refusal): string {
  if (retryAfterSeconds !== undefined) return `${retryAfterSeconds} s`
  if (challenge === undefined) return '–'
  if (challenge === 'basic') return '`Basic`'
  return challenge === 'bare' ? '`Bearer`' : `\`Bearer error="${challenge}"\``
}

function withSettingsTable(readme: string): string {
  const [start, end] = ['<!-- settings -->', '<!-- /settings -->']
  const rows = Object.entries<Setting<unknown>>(settings).map(([name, setting]) =>
    tableRow([`\`${name}\``, setting.meaning, setting.unit, setting.default, setting.bounds]),
  )
  const head = '| name | meaning | unit | default | bounds |\n| --- | --- | --- | --- | --- |'
  const [before] = readme.split(start)
  const [, after] = readme.split(end)
  if (before === readme || after === undefined) throw new Error('README.md has lost its settings')
  return `${before}${start}\n${head}\n${rows.join('\n')}\n${end}${after}`
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
