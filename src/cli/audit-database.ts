// The audit in the service's database, for the commands.

import { createWriteStream, openSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemRuntime } from '../runtime/runtime.ts'
import { type ChainPart, readChain } from '../service/domain/audit/read-chain.ts'
import type { SealKey } from '../service/domain/audit/seal-key.ts'
import { searchEvents } from '../service/domain/audit/search-events.ts'
import {
  type ChainHead,
  type ChainVerdict,
  ChainVerifier,
} from '../service/domain/audit/verify-chain.ts'
import { emailSpellings } from '../service/domain/identity/email.ts'
import { findAccountByEmail } from '../service/store/account-listing.ts'
import { type EventFilter, type ListedEvent, listEvents } from '../service/store/audit-listing.ts'
import type { Database } from '../service/store/database.ts'
import { ExportReader, type ExportTally, renderExport } from './audit-export.ts'
import { Failure } from './failure.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

/** What the chain is verified with. */
interface Expected {
  readonly keys: readonly SealKey[]
  readonly head: ChainHead | undefined
}

/** A page of the events, of the account with the email if it is given. */
export function listEventsIn(
  address: DatabaseAddress,
  filter: EventFilter,
  email: string | undefined,
): Promise<readonly ListedEvent[]> {
  return withDatabase(address, 'The events were not read', async (client) => {
    const database = databaseOf(client)
    if (email === undefined) return listOrSearch(database, filter)
    const account = await findAccountByEmail(database, emailSpellings(email))
    if (account) return listEvents(database, { ...filter, userId: account.userId })
    throw new Failure(
      `No account has the email ${email}. Events of a deleted account are found by --user-id.`,
    )
  })
}

function listOrSearch(database: Database, filter: EventFilter): Promise<readonly ListedEvent[]> {
  const isSearch = filter.event !== undefined || filter.since !== undefined
  if (!isSearch || filter.userId !== undefined) return listEvents(database, filter)
  const progress = createProgress()
  return searchEvents(database, filter, (seq) => progress(`Read back to the event ${seq} so far.`))
}

/** Verifies the audit in the database. */
export function verifyIn(address: DatabaseAddress, expected: Expected): Promise<ChainVerdict> {
  return withDatabase(address, 'The audit was not verified', (client) =>
    verifyParts(readChain(databaseOf(client)), expected, systemRuntime.now()),
  )
}

/** Verifies an export. */
export async function verifyExport(file: string, expected: Expected): Promise<ChainVerdict> {
  const reader = new ExportReader(file)
  const verdict = await verifyParts(reader.parts(), expected)
  if (JSON.stringify(reader.head ?? null) === JSON.stringify(verdict.head ?? null)) return verdict
  throw new Failure(`${file} was changed: the head in its last line is not its last seal.`)
}

/** Tells on the standard error how far it is, if it takes more than two seconds. */
const progressMs = 2_000

async function verifyParts(
  parts: AsyncIterable<ChainPart>,
  { keys, head }: Expected,
  now?: number,
): Promise<ChainVerdict> {
  const verifier = new ChainVerifier(keys, head)
  const progress = createProgress()
  for await (const part of parts) {
    await verifier.add(part)
    progress(`${verifier.seals} seals are verified so far.`)
  }
  return verifier.finish(now)
}

/** Prints at most one of the sentences in two seconds, from then on. */
function createProgress(): (sentence: string) => void {
  let toldAt = systemRuntime.elapsedMs()
  return (sentence) => {
    if (systemRuntime.elapsedMs() - toldAt < progressMs) return
    toldAt = systemRuntime.elapsedMs()
    console.error(sentence)
  }
}

/**
 * Writes all events and seals to a new file that only its owner can read, or to the standard output.
 * In constant memory. No file is left behind when it fails.
 */
export function exportFrom(
  address: DatabaseAddress,
  file: string | undefined,
): Promise<ExportTally> {
  return withDatabase(address, 'The audit was not exported', async (client) => {
    const tally: ExportTally = { events: 0, seals: 0, head: undefined }
    const lines = Readable.from(renderExport(readChain(databaseOf(client)), tally))
    await (file === undefined ? print(lines) : writePrivateFile(file, lines))
    return tally
  })
}

async function print(lines: Readable): Promise<void> {
  try {
    await pipeline(lines, process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    throw new Failure('The export is not complete: its reader has ended before the last line.')
  }
}

async function writePrivateFile(file: string, lines: Readable): Promise<void> {
  // Opened before the first line is read. So a failure of the database is never one of a file that
  // was there before, and only a file of this command is removed.
  const fd = openNewFile(file)
  try {
    await pipeline(lines, createWriteStream(file, { fd, flush: true }))
  } catch (error) {
    rmSync(file, { force: true })
    if ((error as NodeJS.ErrnoException).syscall !== 'write') throw error
    throw cannotWrite(file)
  }
}

function openNewFile(file: string): number {
  try {
    return openSync(file, 'wx', 0o600)
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (isThere) throw new Failure(`${file} exists already: choose another --output.`)
    throw cannotWrite(file)
  }
}

function cannotWrite(file: string): Failure {
  return new Failure(`${file} cannot be written: check its folder, or choose another --output.`)
}
