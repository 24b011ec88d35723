// portcullis mail: shows the mail that is not sent, and makes it due again.

import type { Command } from 'commander'
import { opaqueIdForm } from '../crypto/random-id.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import type { ListedMail, MailState, RetryOutcome, RetryRefusal } from './mail-database.ts'
import { addDatabaseOption, addJsonOption } from './options.ts'
import { formatInstant, renderTable, report } from './report.ts'

interface MailOptions {
  readonly url?: string
  readonly json: boolean
}

interface ListOptions extends MailOptions {
  readonly givenUp: boolean
  readonly waiting: boolean
  readonly suppressed: boolean
  readonly addresses: boolean
}

interface RetryOptions extends MailOptions {
  readonly all: boolean
  readonly unsuppress: boolean
}

/** Adds the command `mail` with its subcommands. */
export function addMailCommand(program: Command): void {
  const mail = program
    .command('mail')
    .description('Shows the mail that is not sent, and makes it due again.')
  const add = (name: string, description: string) =>
    addJsonOption(addDatabaseOption(mail.command(name).description(description)))
  add('list', 'Lists the mails that wait or were given up: the newest 100.')
    .option('--given-up', 'only mails that are not tried any more', false)
    .option('--waiting', 'only mails that are tried again', false)
    .option('--suppressed', 'lists the addresses that get no mail, instead of mails', false)
    .option('--addresses', 'shows the addresses, which are personal data', false)
    .action(list)
  add('retry', 'Makes mails due at once. The service sends them, within five minutes.')
    .argument('[id...]', 'the ids of the mails, as `mail list` shows them')
    .option('--all', 'all mails that wait or were given up', false)
    .option('--unsuppress', 'lets their addresses get mail again, if they are suppressed', false)
    // Some ids begin with a hyphen. What is no id is refused below.
    .allowUnknownOption()
    .action(retry)
}

function loadCommands() {
  return loadDatabaseClient(() => import('./mail-database.ts'))
}

async function list(options: ListOptions): Promise<void> {
  const { url, json, givenUp, waiting, suppressed, addresses } = options
  if (Number(givenUp) + Number(waiting) + Number(suppressed) > 1) {
    throw new Failure('Give one of --given-up, --waiting and --suppressed.', 'usage')
  }
  if (suppressed) return listSuppressed(options)
  const address = databaseAddress(url)
  const { listMailIn } = await loadCommands()
  const found = await listMailIn(address, stateOf(options))
  const { mails } = found
  const more = found.all - mails.length
  const facts = { mails: mails.map((one) => factsOf(one, addresses)), more }
  const heads = ['id', 'kind', 'user', 'queued', 'tries', 'next try', 'problem']
  const table = renderTable([
    [...heads, ...(addresses ? ['address'] : [])],
    ...mails.map((one) => cellsOf(one, addresses)),
  ])
  const none = givenUp ? 'No mail was given up.' : 'No mail waits.'
  report(json, { ...facts, suppressed: found.suppressed }, mails.length > 0 ? table : none)
  if (json) return
  sayMore(more)
  if (found.suppressed > 0) {
    console.error(`Suppressed addresses: ${found.suppressed}. They are listed with --suppressed.`)
  }
}

function stateOf({ givenUp, waiting }: ListOptions): MailState | undefined {
  if (givenUp) return 'given_up'
  return waiting ? 'waiting' : undefined
}

function sayMore(more: number): void {
  if (more > 0) console.error(`${more} more are not shown.`)
}

function cellsOf(mail: ListedMail, isAddressShown: boolean): string[] {
  return [
    ...[mail.mailId, mail.kind, String(mail.userId), formatInstant(mail.queuedAt)],
    ...[String(mail.tries), nextTryOf(mail), mail.problem ?? '-'],
    ...(isAddressShown ? [mail.address] : []),
  ]
}

function nextTryOf({ isUseless, nextTryAt }: ListedMail): string {
  if (isUseless) return 'never: its code is void'
  return nextTryAt === null ? 'given up' : formatInstant(nextTryAt)
}

function factsOf(mail: ListedMail, isAddressShown: boolean) {
  const { nextTryAt, givenUpAt } = mail
  return {
    ...{ id: mail.mailId, kind: mail.kind, user_id: mail.userId },
    ...{ queued_on: formatInstant(mail.queuedAt), tries: mail.tries },
    next_try_on: nextTryAt === null || mail.isUseless ? null : formatInstant(nextTryAt),
    given_up_on: givenUpAt === null ? null : formatInstant(givenUpAt),
    ...{ code_void: mail.isUseless, problem: mail.problem },
    ...(isAddressShown && { address: mail.address }),
  }
}

async function listSuppressed({ url, json, addresses }: ListOptions): Promise<void> {
  const address = databaseAddress(url)
  const { listSuppressedIn } = await loadCommands()
  const found = await listSuppressedIn(address)
  const more = found.all - found.addresses.length
  const facts = found.addresses.map(({ recipient, until }) => ({
    until: formatInstant(until),
    ...(addresses && { address: recipient }),
  }))
  const rows = facts.map(({ until, ...rest }) => [until, ...Object.values<string>(rest)])
  const table = renderTable([['until', ...(addresses ? ['address'] : [])], ...rows])
  const none = 'No address is suppressed.'
  report(json, { suppressed: facts, more }, rows.length > 0 ? table : none)
  if (!json) sayMore(more)
}

async function retry(ids: readonly string[], options: RetryOptions): Promise<void> {
  const { url, json, all, unsuppress } = options
  requireIds(ids, all)
  const address = databaseAddress(url)
  const { retryMailIn } = await loadCommands()
  const outcomes = await retryMailIn(address, all ? undefined : ids, unsuppress)
  const counts = countOutcomes(outcomes)
  const { retried, due } = counts
  const refusals = [...outcomes].filter(([, outcome]) => isRefusal(outcome))
  if (!all && refusals.length === outcomes.size) throw new Failure(sentencesOf(refusals))
  const left = leftOutSentence(counts)
  report(
    json,
    { retried, already_due: due, left_out: refusals.length, reasons: reasonsOf(counts) },
    `${retried} made due, ${due} due already. ${left}The service sends what is due within five minutes, by its cron trigger.`,
  )
  if (!all && refusals.length > 0) throw new Failure(sentencesOf(refusals), 'partial')
}

function requireIds(ids: readonly string[], isAll: boolean): void {
  if (isAll && ids.length > 0) throw new Failure('Give ids or --all, not both.', 'usage')
  if (!isAll && ids.length === 0) throw new Failure('Name mails by their ids, or --all.', 'usage')
  if (ids.every((id) => opaqueIdForm.test(id))) return
  throw new Failure(
    'One of the arguments is neither an option nor the id of a mail. `portcullis mail list` shows the ids.',
    'usage',
  )
}

type Counts = Readonly<Record<RetryOutcome, number>>

function countOutcomes(outcomes: ReadonlyMap<string, RetryOutcome>): Counts {
  const counts = {
    ...{ retried: 0, due: 0, mail_unknown: 0 },
    ...{ mail_sent: 0, code_void: 0, address_suppressed: 0 },
  }
  for (const outcome of outcomes.values()) counts[outcome] += 1
  return counts
}

function isRefusal(outcome: RetryOutcome): outcome is RetryRefusal {
  return outcome !== 'retried' && outcome !== 'due'
}

/** How many mails were left out for each reason; without the reasons that none has. */
function reasonsOf({ retried: _, due: __, ...refused }: Counts) {
  return Object.fromEntries(Object.entries(refused).filter(([, count]) => count > 0))
}

function leftOutSentence({ code_void, address_suppressed }: Counts): string {
  const parts = [
    code_void > 0 && `${code_void} left out: their codes are void.`,
    address_suppressed > 0 &&
      `${address_suppressed} left out: their addresses are suppressed; add --unsuppress to try them.`,
  ]
  return parts.map((part) => (part ? `${part} ` : '')).join('')
}

const sentences: Readonly<Record<RetryRefusal, string>> = {
  mail_unknown:
    'there is no such mail. `portcullis mail list` shows the ids; a mail is deleted some days after it was given up.',
  mail_sent: 'it was sent already. If it did not arrive, its owner must ask for another one.',
  code_void:
    'its code was used, or can be used no more. The owner of the account must ask for another one.',
  address_suppressed:
    'its address is suppressed, because a provider has refused it for good. If it takes mail again, add --unsuppress.',
}

function sentencesOf(refusals: readonly (readonly [string, RetryOutcome])[]): string {
  return refusals
    .map(([id, outcome]) => (isRefusal(outcome) ? `${id} is not tried: ${sentences[outcome]}` : ''))
    .join('\n')
}
