// portcullis audit: shows what happened to accounts, verifies that nothing of it was changed since it
// was sealed, and exports it.

import { type Command, InvalidArgumentError } from 'commander'
import type { ListedEvent } from '../service/store/audit-listing.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { addDatabaseOption, addJsonOption, addVariables, parseNumber } from './options.ts'
import { formatInstant, renderTable } from './report.ts'

interface AuditOptions {
  readonly url?: string
  readonly json: boolean
}

const defaultLimit = 100
const maxLimit = 1_000

/** Adds the command `audit` with its subcommands. */
export function addAuditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .description('Shows, verifies and exports what happened to accounts.')
  const add = (name: string, description: string) =>
    addJsonOption(addDatabaseOption(audit.command(name).description(description)))
  addFilters(
    add('list', 'Lists events, newest first, with the addresses and devices that are still kept.'),
  ).action(list)
  const verifying = add(
    'verify',
    'Verifies every seal: exits 1 when an event was changed, deleted, inserted or moved since it was sealed.',
  )
    .option('--head <file>', 'a head that was kept elsewhere, which must be in the chain')
    .option('--file <export>', 'verifies this export, and asks no database')
    .option('--keys <file>', 'the file of older keys, each on a line, for old seals')
  addVariables(verifying, 'SECRET_KEY', 'set it as for the service')
  addVariables(verifying, 'PREVIOUS_SECRET_KEY', 'set it as for the service').action(verify)
  add('export', 'Prints all events and seals, each as a line of JSON, and the head at the end.')
    .option('--output <file>', 'writes them to this new file, which only its owner can read')
    .action(exportAll)
}

function addFilters(command: Command): Command {
  const anyId = parseNumber(1, Number.MAX_SAFE_INTEGER)
  return command
    .option('--email <email>', 'only events of the account with this email')
    .option('--user-id <id>', 'only events of the account with this id', anyId)
    .option('--event <name>', 'only events with this name, such as login or "users disable"')
    .option('--since <time>', 'only events since this time, such as 2026-11-26', parseTime)
    .option('--limit <number>', 'how many events at most', parseNumber(1, maxLimit), defaultLimit)
    .option('--after <id>', 'goes on after the event with this id: only older ones', anyId)
}

/** A date, or an instant (RFC 3339). Without an offset it is in UTC. */
function parseTime(text: string): number {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/
  const milliseconds = form.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(milliseconds)) return Math.floor(milliseconds / 1_000)
  throw new InvalidArgumentError(
    'Give a date such as 2026-11-26, or a time such as 2026-11-26T09:30:00Z.',
  )
}

interface ListOptions extends AuditOptions {
  readonly email?: string
  readonly userId?: number
  readonly event?: string
  readonly since?: number
  readonly limit: number
  readonly after?: number
}

async function list({ url, json, email, after, ...filter }: ListOptions): Promise<void> {
  if (email !== undefined && filter.userId !== undefined) {
    throw new Failure('--email and --user-id both name an account: leave one out.', 'usage')
  }
  const address = databaseAddress(url)
  const { listEventsIn } = await loadCommands()
  const events = await listEventsIn(address, { ...filter, before: after }, email)
  if (json) {
    for (const event of events) console.log(JSON.stringify(factsOf(event)))
    return
  }
  const heads = ['id', 'at', 'event', 'outcome', 'by', 'user', 'session', 'target', 'device']
  console.log(renderTable([[...heads, 'address'], ...events.map(cellsOf)]))
  const last = events.at(-1)
  if (last && events.length === filter.limit) {
    console.error(`There may be more: add --after ${last.seq}.`)
  }
}

function cellsOf(event: ListedEvent): string[] {
  const { seq, at, userId, sessionId, target, device, address } = event
  const optional = [userId, sessionId, target, device, address]
  return [
    ...[String(seq), timeOf(at), event.event, event.outcome, event.actor],
    ...optional.map((value) => (value === null ? '-' : String(value))),
  ]
}

/** Somebody may have changed the time to one that no date has. */
function timeOf(at: number): string {
  return Math.abs(at) < 253_402_300_800 ? formatInstant(at) : String(at)
}

/** The names are the same as in the HTTP API. */
function factsOf(event: ListedEvent) {
  return {
    id: event.seq,
    at: timeOf(event.at),
    event: event.event,
    outcome: event.outcome,
    actor: event.actor,
    user_id: event.userId,
    session_id: event.sessionId,
    request_id: event.requestId,
    attempt_id: event.attemptSeq,
    target: event.target,
    device: event.device,
    address: event.address,
  }
}

interface VerifyOptions extends AuditOptions {
  readonly head?: string
  readonly file?: string
  readonly keys?: string
}

async function verify({ url, json, head, file, keys }: VerifyOptions): Promise<void> {
  // An export needs no database.
  const address = file === undefined ? databaseAddress(url) : undefined
  const [{ readSealKeys }, { readHead }, { reportVerdict }, commands] = await Promise.all([
    import('./audit-keys.ts'),
    import('./audit-export.ts'),
    import('./audit-verdict.ts'),
    loadCommands(),
  ])
  const expected = {
    keys: await readSealKeys(process.env, keys),
    head: head === undefined ? undefined : readHead(head),
  }
  const verdict =
    address === undefined
      ? await commands.verifyExport(file ?? '', expected)
      : await commands.verifyIn(address, expected)
  reportVerdict(verdict, json, expected.head)
}

async function exportAll({
  url,
  json,
  output,
}: AuditOptions & { readonly output?: string }): Promise<void> {
  const address = databaseAddress(url)
  const { exportFrom } = await loadCommands()
  const { events, seals, head } = await exportFrom(address, output)
  if (output === undefined) return
  const facts = { file: output, events, seals, head: head ?? null }
  const sentence = `${output} has ${events} events and ${seals} seals. Head: ${head ? `${head.number} ${head.mac}` : 'none'}`
  console.log(json ? JSON.stringify(facts) : sentence)
}

function loadCommands() {
  return loadDatabaseClient(() => import('./audit-database.ts'))
}
