// docs/reference/log-events.md: every event that the service and the guards log. A test compares
// the names with the source.

import { renderTable } from './markdown.ts'

interface LogEvent {
  readonly writer: 'service' | 'guard'
  readonly members: readonly string[]
  readonly meaning: string
  readonly todo: string
}

/** The events by the name in `event`. */
export const logEvents: Readonly<Record<string, LogEvent>> = {
  request: {
    writer: 'service',
    members: [
      'requestId',
      'method',
      'route',
      'status',
      'durationMs',
      'reason?',
      'error?',
      'stack?',
    ],
    meaning: 'A request was answered. `reason` is a reason of [errors](errors.md).',
    todo: 'Status 500: your claims hook failed, or there is a bug. `error` says which. Status 503 with `DatabaseUnavailable`: the sentence names the host of the database, and what to check.',
  },
  misconfigured: {
    writer: 'service',
    members: ['problems'],
    meaning:
      'On Workers: the settings are wrong, and the service answers 500 to everything. On Deno it does not start, and prints the problems as text.',
    todo: 'Fix each problem of the list. They name the setting, never its value.',
  },
  schema_outdated: {
    writer: 'service',
    members: ['message'],
    meaning: 'The database lacks migrations of this version. Written once for each isolate.',
    todo: 'Run `portcullis migrate`.',
  },
  refresh_token_reused: {
    writer: 'service',
    members: ['userId', 'sessionId'],
    meaning:
      'A refresh token was used after it had been replaced, at a refresh or at a change of the password. The session has ended.',
    todo: 'Many for one user: the tokens may be stolen. Many for one version of a client: it does not store the new token in time ([native apps](../guides/native-apps.md)).',
  },
  password_hash_unsupported: {
    writer: 'service',
    members: ['family', 'problem'],
    meaning:
      'The password hash of an account that moved in cannot be verified, or there was no memory for it. Its owner gets the answer of a wrong password. Written once for each family and isolate.',
    todo: '`problem` says what is missing or beyond the bounds. See [which hashes](../guides/moved-hashes.md). Without memory for argon2id: an isolate on Workers has 128 MiB, and a process needs more.',
  },
  history_behind: {
    writer: 'service',
    members: ['problem'],
    meaning: 'The database shows fewer revocations than before.',
    todo: 'Set `DATABASE_REPLICAS=present`. After a restore, follow [its procedure](../operate/backup-and-restore.md).',
  },
  history_left_before: {
    writer: 'service',
    members: ['problem'],
    meaning: 'Two databases answer for one issuer.',
    todo: 'Give the issuer one database.',
  },
  prune: {
    writer: 'service',
    members: [
      ...['sealed', 'pruned', 'prunedSessions', 'prunedAttempts', 'prunedAuditDetails'],
      ...['prunedMail', 'deletedAccounts', 'head'],
    ],
    meaning:
      'The cron has sealed so many events of the audit. It has deleted so many revocations, sessions, counts of attempts, personal details of events, and mails that were over. `head` is the number and the MAC of the last seal: a line that is kept elsewhere is [a kept head](../operate/audit.md#keep-the-head-elsewhere).',
    todo: 'Nothing. If there is none for a day, look at the cron trigger. If `sealed` is 90,000 in each, run the cron more often.',
  },
  mail_not_sent: {
    writer: 'service',
    members: ['mailId', 'kind', 'tries', 'problem', 'isGivenUp'],
    meaning:
      'A mail was not sent. `problem` begins with `later`, `misconfigured`, `address_refused` or `mail_refused`. The first two are tried again for a day. `isGivenUp` says that no try follows.',
    todo: 'See [mail](../operate/mail.md). `portcullis mail retry` tries once more what was given up.',
  },
  mail_waits: {
    writer: 'service',
    members: ['requestId'],
    meaning: 'The database was not available after an answer, so mail waits for the next try.',
    todo: 'Nothing, if it passes. The cron trigger sends what waits.',
  },
  client_address_failed: {
    writer: 'service',
    members: ['problem'],
    meaning:
      'The function `clientAddress` of your platform parts threw. The session has no address.',
    todo: 'Fix the function.',
  },
  proxy_not_trusted: {
    writer: 'service',
    members: ['problem'],
    meaning:
      'On Deno: a registration, login or refresh came with `Forwarded` or `X-Forwarded-For`, and `TRUSTED_PROXIES` is not set. Behind a proxy, all clients then count as one address. Written once for each process.',
    todo: 'Set `TRUSTED_PROXIES` to the number of your proxies ([Deno](../guides/deploy-deno.md)). Without a proxy, a client has made the header up: set it to 0.',
  },
  breach_check_failed: {
    writer: 'service',
    members: ['reason'],
    meaning:
      'With `PASSWORD_BREACH_CHECK=on`: it was not found out whether new passwords were in a data breach, and they passed. `reason` is `crowd` (five questions were open), `timeout` (after 1 s), `connection`, `status` (not 200), `size` (over 1 MiB) or `format`. At most one line in 5 s for each isolate or process.',
    todo: 'Nothing, if it passes. If it stays, also as `crowd`: check that the service reaches `PASSWORD_BREACH_URL`, and that the API of [passwords](../operate/passwords.md) answers there.',
  },
  log_failed: {
    writer: 'service',
    members: ['problem'],
    meaning: 'The function `log` of your platform parts threw. A line is lost.',
    todo: 'Fix the function.',
  },
  listening: {
    writer: 'service',
    members: ['hostname', 'port'],
    meaning: 'On Deno: the service has started.',
    todo: 'Nothing.',
  },
  stopped: {
    writer: 'service',
    members: ['isComplete'],
    meaning: 'On Deno: the service ends. With `isComplete` false, some requests were cut off.',
    todo: 'If requests are cut off, raise `SHUTDOWN_SECONDS`.',
  },
  token_unfit: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning:
      'A token looks like one of the service, and does not fit the guard. One line a minute for each reason.',
    todo: 'See [my guard says 401](../operate/guard-says-401.md).',
  },
  key_set_unavailable: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning:
      'The keys of the issuer cannot be fetched. Keys that are at hand are used for 24 hours.',
    todo: 'See [my guard says 503](../operate/guard-says-503.md).',
  },
  revocation_feed_unavailable: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning: 'The revocations cannot be fetched. Beyond its bound the guard answers 503.',
    todo: 'See [my guard says 503](../operate/guard-says-503.md).',
  },
  revocation_stream_failed: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning: 'A stream of the feed did not begin. The guard pulls, and tries again.',
    todo: 'See [my guard says 503](../operate/guard-says-503.md).',
  },
  revocation_stream_held_back: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning:
      'Two streams in a row brought nothing, while pulls work. The guard pulls each fifth of its bound, and tries again after ten minutes.',
    todo: 'Turn off buffering and compression between the guard and the service ([how](../operate/guard-says-503.md#a-proxy-that-collects)).',
  },
  revocation_check_failed: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning: 'The service gave no answer about one token.',
    todo: 'See [my guard says 503](../operate/guard-says-503.md).',
  },
  revocation_view_full: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning:
      'More than 1,000,000 revocations are alive. The guard checks each token with the service.',
    todo: 'Make access tokens shorter: `ACCESS_TOKEN_LIFETIME_SECONDS`.',
  },
  verifier_failed: {
    writer: 'guard',
    members: ['issuer', 'problem'],
    meaning: '`keys` of the options, or the key set that it gave, threw. The guard answers 503.',
    todo: 'The sentence has its message. Fix the function.',
  },
  wait_until_failed: {
    writer: 'guard',
    members: ['problem'],
    meaning:
      '`waitUntil` threw. Mostly it was passed without its context. Written once for each isolate.',
    todo: 'Pass `waitUntil: (work) => ctx.waitUntil(work)`.',
  },
}

/** docs/reference/log-events.md */
export function renderLogEvents(): string {
  return `# Log events

*Generated from \`scripts/docs/log-events.ts\` by \`npm run docs\`.*

Service and guards write one line of JSON for each event. \`event\` is its name. Members with \`?\` are there where they say something. No line has a token, a password, an email, an IP address, a query or a header. Only \`userId\` and \`sessionId\` point to a person. [What to alert on](../operate/alerts.md) says which of them matter.

## The service

They go to the standard output. \`misconfigured\` and \`log_failed\` go to the standard error. \`createService\` takes another \`log\`.

${renderEvents('service')}

## Guards

They go to \`console.error\`.

${renderEvents('guard')}
`
}

function renderEvents(writer: LogEvent['writer']): string {
  const rows = Object.entries(logEvents)
    .filter(([, event]) => event.writer === writer)
    .map(([name, { members, meaning, todo }]) => [
      `\`${name}\``,
      members.map((member) => `\`${member}\``).join(', '),
      meaning,
      todo,
    ])
  return renderTable(['event', 'members', 'what it means', 'what to do'], rows)
}
