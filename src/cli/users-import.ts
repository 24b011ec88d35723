// portcullis users import: accounts of another system, with their hashes, from a file.

import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { type Command, Option } from 'commander'
import { messageOf } from '../errors/message-of.ts'
import { systemRuntime } from '../runtime/runtime.ts'
import { databaseAddress, loadDatabaseClient } from './database-client.ts'
import { Failure } from './failure.ts'
import { formatOf, type ImportFormat, importFormats, readEntries } from './import-file.ts'
import { ImportTally } from './import-tally.ts'
import { addDatabaseOption, addJsonOption, addVariables } from './options.ts'
import { beginPrivateFile, warnOfReaders } from './private-file.ts'
import { report } from './report.ts'

interface ImportCommandOptions {
  readonly format?: ImportFormat
  readonly report?: string
  readonly dryRun: boolean
  readonly url?: string
  readonly json: boolean
}

/** An import that takes longer says how far it is, and again after each five seconds. */
const firstProgressMs = 2_000
const progressEveryMs = 5_000

/** Adds the command `users import`. */
export function addImportCommand(users: Command): void {
  const command = users
    .command('import')
    .description(
      'Makes accounts from a file of another system. Accounts that exist are left as they are.',
    )
    .argument('<file>', 'JSON lines (.jsonl, .ndjson) or CSV (.csv); - is the standard input')
    .addOption(new Option('--format <format>', 'the format of the file').choices(importFormats))
    .option(
      '--report <file>',
      'a file for a line of JSON about each entry that is left out or taken',
    )
    .option('--dry-run', 'checks everything, and writes no account', false)
  addVariables(
    addJsonOption(addDatabaseOption(command)),
    'EMAIL_DOMAINS',
    'set it as for the service',
  )
  command.action(runImport)
}

async function runImport(file: string, options: ImportCommandOptions): Promise<void> {
  const address = databaseAddress(options.url)
  const format = options.format ?? formatOf(file)
  if (!format) throw new Failure('Say the format of the file: add --format jsonl or csv.', 'usage')
  const { importAccounts, readEmailDomains } = await loadDatabaseClient(
    () => import('./import-accounts.ts'),
  )
  const emailDomains = readEmailDomains(process.env)
  warnOfFile(file)
  const leftOutFile = beginReport(file, options.report)
  const tally = new ImportTally((line) => leftOutFile?.add(line))
  const stopping = stopOnSignals()
  const startMs = systemRuntime.elapsedMs()
  const elapsedMs = () => systemRuntime.elapsedMs() - startMs
  const isDry = options.dryRun
  const entries = readEntries(format, openFile(file, stopping))
  try {
    const tell = createProgress(tally, elapsedMs)
    await importAccounts(address, entries, { emailDomains, isDry, stopping, tally, tell })
  } catch (error) {
    if (error instanceof Failure && error.kind !== 'usage') tellWhereItStopped(tally, elapsedMs())
    throw error
  } finally {
    leftOutFile?.close()
  }
  report(options.json, tally.facts(isDry, elapsedMs()), tally.table(isDry))
  refuseLeftOut(tally, options.report)
}

/** Ends with the exit code for an import after which entries have no account of their own. */
function refuseLeftOut(tally: ImportTally, reportFile: string | undefined): void {
  const { leftOut, taken, sentences } = tally
  if (leftOut + taken === 0) return
  for (const sentence of sentences) console.error(sentence)
  const what = [
    leftOut > 0 && `Left out ${leftOut} of the entries: they are not accounts.`,
    taken > 0 &&
      `Taken by accounts that no import has made: the emails of ${taken} of the entries. Find out whose these accounts are before anybody logs in.`,
    reportFile === undefined && 'Add --report FILE to see all of them.',
  ]
  throw new Failure(what.filter(Boolean).join(' '), 'partial')
}

function tellWhereItStopped(tally: ImportTally, elapsedMs: number): void {
  console.error(tally.progress(elapsedMs))
  console.error('Run the same command again: it goes on, and makes no account twice.')
}

function warnOfFile(file: string): void {
  const warning = file === '-' ? undefined : warnOfReaders(file)
  if (warning) console.error(`The file has password hashes. ${warning}`)
}

function createProgress(tally: ImportTally, elapsedMs: () => number): () => void {
  let nextMs = firstProgressMs
  return () => {
    const nowMs = elapsedMs()
    if (nowMs < nextMs) return
    nextMs = nowMs + progressEveryMs
    console.error(tally.progress(nowMs))
  }
}

async function* openFile(file: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stream =
    file === '-' ? addAbortSignal(signal, process.stdin) : createReadStream(file, { signal })
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    if (signal.aborted) throw error
    throw new Failure(`The file ${file} cannot be read: ${messageOf(error)}.`)
  }
}

/** The first signal ends the import after its batch, the second at once. */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort())
  }
  return controller.signal
}

function beginReport(file: string, reportFile: string | undefined) {
  if (reportFile === undefined) return undefined
  const [imported, reported] = [file, reportFile].map((path) =>
    statSync(path, { throwIfNoEntry: false }),
  )
  if (imported && reported && imported.ino === reported.ino && imported.dev === reported.dev) {
    throw new Failure('--report names the file of the import: name another file.', 'usage')
  }
  try {
    return beginPrivateFile(reportFile)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`The report ${reportFile} cannot be written: ${messageOf(error)}.`, 'usage')
  }
}
