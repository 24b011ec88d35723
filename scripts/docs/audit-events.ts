// docs/reference/audit-events.md: every event of the audit. The names and outcomes come from the
// routes and the commands; an event without a description is an error.

import { auditedCommands } from '../../src/cli/audited-commands.ts'
import type { AuditOutcome } from '../../src/service/domain/audit-entry.ts'
import type { RouteFamily } from '../../src/service/http/route.ts'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import { renderTable } from './markdown.ts'

interface AuditEvent {
  /** What a success means. Without one, what the outcome means. */
  readonly when: string
  readonly target?: string
}

type CommandName = (typeof auditedCommands)[number]

const roles = 'the roles, separated by spaces; empty without roles'

/** The events of routes by their names. */
const routeEvents: Readonly<Record<string, AuditEvent>> = {
  register: {
    when: 'An account was made. Its first session began, unless the email must be proved first.',
  },
  login: { when: 'A session began.' },
  changePassword: { when: 'The user has another password.' },
  forgotPassword: { when: 'Somebody asked for a code for a new password, and a mail was queued.' },
  resetPassword: { when: 'The user has another password, by a code, and all sessions ended.' },
  emailCode: { when: 'Somebody asked for a code to log in, and a mail was queued.' },
  loginByCode: { when: 'A session began, by a code.' },
  requestVerification: { when: 'A session asked for a code that proves the email.' },
  verifyEmail: { when: 'The email was proved, by a code.' },
  changeEmail: { when: 'A session asked for a code at a new email.' },
  confirmEmail: { when: 'The account has another email, by a code.' },
  undoEmailChange: { when: 'The account has its old email back, and all sessions ended.' },
  deleteAccount: {
    when: 'The deletion of the account was planned, or done with `ACCOUNT_DELETION_DAYS=0`. All sessions ended.',
  },
  setLanguage: { when: 'The account has another language for its mails.' },
  acceptInvitation: { when: 'Somebody who was invited set a password, and a session began.' },
  refresh: { when: 'A used refresh token was presented again, and the session ended.' },
  endSession: {
    when: 'A session was ended from another one, or from itself.',
    target: 'the session that ended',
  },
  logout: { when: 'The session ended, by its access token or by its refresh cookie.' },
  logoutEverywhere: { when: 'The sessions of the account ended.' },
  reauthenticate: { when: 'The password was given again.' },
  revokeToken: {
    when: 'An access token was revoked, or a session ended by its refresh token.',
    target: 'the `jti` of the access token; none for a refresh token',
  },
}

const commandEvents: Readonly<Record<CommandName, AuditEvent>> = {
  'users create': { when: 'An account was made.', target: roles },
  'users invite': { when: 'Somebody was invited, for the first time or again.', target: roles },
  'users import': { when: 'An account moved in: an event for each.', target: roles },
  'users set-roles': { when: 'The roles changed.', target: roles },
  'users add-role': { when: 'The roles changed.', target: roles },
  'users remove-role': { when: 'The roles changed.', target: roles },
  'users disable': { when: 'The account was disabled, and its sessions ended.' },
  'users enable': { when: 'The account may log in again.' },
  'users revoke-sessions': { when: 'The sessions of the account ended.' },
  'users unlock': { when: 'Wrong passwords were forgotten.' },
  'users set-password': { when: 'The account has another password, and its sessions ended.' },
  'users delete': { when: 'The account and its sessions were deleted.' },
  'keys revoke': { when: 'The tokens of a signing key were revoked.', target: 'the `kid`' },
  'mail retry': { when: 'A mail was made due at once: an event for each.', target: 'its id' },
  'migrate --restored': {
    when: 'A new history of revocations began.',
    target: 'the `kid`s of the keys that were revoked, separated by spaces',
  },
}

const mailEvent: AuditEvent = { when: 'Mail is sent.', target: 'the kind of the mail' }
const deletionEvent: AuditEvent = { when: 'The account was deleted, as its owner had asked.' }

const outcomeMeanings: Partial<Record<AuditOutcome, string>> = {
  success: 'It was done.',
  attempted:
    'A password or a code was given, and is checked. If it is right, a `success` follows whose `attempt_seq` is the `seq` of this event. Without one, nothing came of it: mostly it was wrong. For an email without an account, `user_id` is empty.',
  too_many_attempts:
    'An attempt was refused unseen, because too many wrong ones came before. Only the first one of a block is recorded. The block ends with the next attempt that is let through.',
  email_taken: 'Somebody wanted to register the email of this account. Recorded once an hour.',
  email_unverified:
    'The password was right, and nobody has proved the email. So no session began, and a code was mailed unless there were too many.',
  deletion_cancelled:
    'The account is not deleted, because its owner is back. From `service`: it had a session that an earlier version began.',
  mail_given_up: 'A mail could not be sent, and is not tried again.',
  internal:
    'The claims hook or the key failed, so the account was deleted again. The `success` before it is undone.',
  refresh_token_reused: 'The refresh token may have been stolen.',
}

/** docs/reference/audit-events.md */
export function renderAuditEvents(): string {
  const routes = (routeFamilies as readonly RouteFamily[]).flatMap(({ routes }) => routes)
  const audited = routes.filter(({ audit }) => audit.length > 0)
  const outcomes = [
    ...new Set([...audited.flatMap(({ audit }) => audit), 'mail_given_up' as const]),
  ]
  const heads = ['event', 'when', 'outcomes', '`target`']
  const row = (name: string, event: AuditEvent | undefined, given: readonly AuditOutcome[]) => {
    if (!event) throw new Error(`The event ${name} has no description`)
    const words = given.map((outcome) => `\`${outcome}\``).join(', ')
    return [`\`${name}\``, event.when, words, event.target ?? '']
  }
  return `# Audit events

*Generated from the routes and the commands by \`npm run docs\`.*

The table \`portcullis_audit_events\` has a row for each thing that happened to an account. A row is written in the batch of what it records: both are there, or neither. Rows are never changed or deleted. They name no email, address, password or token.

| column | what it says |
| --- | --- |
| \`seq\` | the order, which is the order of commits |
| \`at\` | when, in seconds since 1970, by the database's clock |
| \`event\` | the name of the route, as in the [OpenAPI document](http-api.md), or of the command |
| \`outcome\` | \`success\`, \`attempted\`, or the reason of a refusal |
| \`actor\` | \`user\`: a request did it. \`administrator\`: a [command](cli.md) did it. \`service\`: it did it by itself |
| \`user_id\` | the account, also after it was deleted |
| \`session_id\` | the session that did it, or that began |
| \`request_id\` | the \`X-Request-Id\` of the answer, which is also in the log |
| \`attempt_seq\` | of a right password or code: the event of the attempt |
| \`target\` | what it was done to, if that is not the account or the session itself |

The table \`portcullis_audit_details\` has the address and the device of an event of a user, under its \`seq\`. They are deleted after \`AUDIT_DETAILS_DAYS\` ([settings](settings.md), [personal data](../operate/personal-data.md)).

Not recorded are reads, and ordinary refreshes. A session that ends because of \`MAX_SESSIONS_PER_USER\` has no event of its own: the login is one. Requests that are refused change nothing, and only those outcomes below are recorded. Changes that somebody makes with SQL have no event.

## Requests

${renderTable(
  heads,
  audited.map(({ name, audit }) => row(name, routeEvents[name], audit)),
)}

## Commands

Each is recorded if it changed something. To disable an account that is disabled and has no living session changes nothing. To enable one that is not disabled changes nothing, either. \`users revoke-sessions\`, \`users set-password\` and \`keys revoke\` are recorded each time: they revoke and publish again. Wrong passwords are also counted for emails without an account. If \`users unlock\` forgets some, its event has no \`user_id\`.

${renderTable(
  heads,
  auditedCommands.map((name) => row(name, commandEvents[name], ['success'])),
)}

## The service itself

${renderTable(heads, [
  row('mail', mailEvent, ['mail_given_up']),
  row('deletion', deletionEvent, ['success', 'deletion_cancelled']),
])}

## Outcomes

${renderTable(
  ['outcome', 'what it means'],
  outcomes.map((outcome) => {
    const meaning = outcomeMeanings[outcome]
    if (meaning === undefined) throw new Error(`The outcome ${outcome} has no description`)
    return [`\`${outcome}\``, meaning]
  }),
)}
`
}
