// 100,000 accounts move in, through kills at random points. The real service then logs them in.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { startSqld } from '../../scripts/sqld.ts'
import { bundleWorker } from '../support/bundle.ts'
import { createDatabaseFile, startDatabase } from '../support/database.ts'
import {
  createFolder,
  createKnownHashes,
  jsonLines,
  type KnownHash,
} from '../support/import-files.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { until } from '../support/server.ts'
import { type Command, root, startCommand, stopCommands } from './commands.ts'

const accounts = 100_000
const limitSeconds = 120
const folder = createFolder()
let service: Awaited<ReturnType<typeof startIssuingService>>
let hashes: readonly KnownHash[]
let removeBundle = () => {}
beforeAll(async () => {
  const bundle = bundleWorker('wrangler.toml', 'test/support/argon2-worker.ts')
  removeBundle = bundle.remove
  service = await startIssuingService(bundle.file)
  hashes = await createKnownHashes(5)
})
afterEach(stopCommands)
afterAll(async () => {
  await service?.stop()
  removeBundle()
  folder.remove()
})

function startImport(file: string, url: string, nodeArgs: readonly string[] = []): Command {
  const args = [...nodeArgs, 'src/cli/main.ts', 'users', 'import', file, '--json']
  const env = { ...process.env, TURSO_DATABASE_URL: url }
  return startCommand(process.execPath, args, { env })
}

/** The facts that a command has printed. */
function factsOf(command: Command) {
  const line = command
    .output()
    .split('\n')
    .find((one) => one.startsWith('{"dry_run"'))
  if (!line) throw new Error(command.output())
  return JSON.parse(line)
}

const countUsers = async () =>
  Number((await service.database.query('SELECT count(*) AS n FROM portcullis_users'))[0]?.n)
const emailOf = (number: number) => `user-${number}@moved.example`
const knownOf = (number: number) => hashes[number % hashes.length] as KnownHash

const logins = { ofEachFamily: 40, aroundEachKill: 10, atOnce: 8 }
/** Where the import is killed, and who logs in. `IMPORT_SEED` repeats what a failed run has printed. */
const seed = Number(process.env.IMPORT_SEED ?? Date.now() % 2 ** 31)
const numbers = fc.sample(fc.noBias(fc.nat(999_999)), { seed, numRuns: 1_000 })
/** From 0 to 1. */
const random = () => (numbers.pop() ?? 0) / 1_000_000

/** Accounts of every family, spread over the whole file, and those around each interruption. */
function sampleOf(killedAt: readonly number[]): readonly number[] {
  const { ofEachFamily, aroundEachKill } = logins
  const families = [...new Set(hashes.map(({ family }) => family))]
  expect(families).toHaveLength(5)
  const spread = families.flatMap((family) => {
    const places = hashes.flatMap((one, place) => (one.family === family ? [place] : []))
    const rounds = Math.floor(accounts / hashes.length)
    return Array.from({ length: ofEachFamily }, (_, part) => {
      const round = Math.floor(((part + random()) / ofEachFamily) * rounds)
      return round * hashes.length + (places[part % places.length] ?? 0)
    })
  })
  const around = killedAt.flatMap((count) =>
    Array.from({ length: aroundEachKill }, (_, step) => count - aroundEachKill / 2 + step),
  )
  const inFile = around.filter((number) => number >= 0 && number < accounts)
  return [...new Set([...spread, ...inFile])]
}

async function inParallel<T>(all: readonly T[], use: (one: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const work = async () => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await use(one)
  }
  await Promise.all(Array.from({ length: logins.atOnce }, work))
}

/** Every account has the hash of its line in the file. Before logins: those renew hashes. */
async function expectStoredHashes(): Promise<void> {
  const page = 10_000
  for (let first = 0; first < accounts; first += page) {
    const rows = await service.database.query(
      `SELECT n.value AS number, password_hash FROM json_each(?) AS n
        JOIN portcullis_users ON email_normalized = 'user-' || n.value || '@moved.example'`,
      JSON.stringify(Array.from({ length: page }, (_, place) => first + place)),
    )
    expect(rows).toHaveLength(page)
    const wrong = rows.filter((row) => row.password_hash !== knownOf(Number(row.number)).hash)
    expect(wrong).toEqual([])
  }
}

describe('an import of 100,000 accounts', () => {
  it('that is killed twice goes on: nobody is lost or doubled, every hash is there, and 200 log in', async () => {
    const entries = Array.from({ length: accounts }, (_, number) => ({
      ...{ email: emailOf(number), hash: knownOf(number).hash, roles: [`role-${number % 7}`] },
      registered_at: 1_600_000_000 + number,
    }))
    const file = folder.write('accounts.jsonl', jsonLines(entries))
    const killedAt: number[] = []
    for (const part of [0, 1]) {
      const command = startImport(file, service.database.url)
      const wanted = Math.floor(((part + random()) / 3) * accounts) + 1
      await until(async () => (await countUsers()) >= wanted, limitSeconds * 1_000)
      command.child.kill('SIGKILL')
      await command.exitCode()
      expect(command.child.signalCode).toBe('SIGKILL')
      killedAt.push(await countUsers())
    }
    const there = await countUsers()
    const last = startImport(file, service.database.url)
    expect([await last.exitCode(), last.output()]).toEqual([0, expect.anything()])
    const facts = factsOf(last)
    expect(facts).toMatchObject({ entries: accounts, already_there: there, left_out: 0 })
    expect(facts.made).toBe(accounts - there)
    expect(facts.needs).toEqual({ 'portcullis/argon2': facts.hashes.argon2id })
    const [found] = await service.database.query(
      'SELECT count(*) AS n, count(DISTINCT email_normalized) AS emails, count(DISTINCT token_generation) AS generations, sum(registered_at) AS times FROM portcullis_users',
    )
    const times = entries.reduce((sum, entry) => sum + entry.registered_at, 0)
    expect(found).toEqual({ n: accounts, emails: accounts, generations: accounts, times })
    console.log(`Killed after ${killedAt.join(' and ')} accounts; ${JSON.stringify(facts)}.`)
    await expectStoredHashes()
    const sample = sampleOf(killedAt)
    const refused: unknown[] = []
    await inParallel(sample, async (number) => {
      const { family, password } = knownOf(number)
      const { status } = await service.client.login({ email: emailOf(number), password })
      if (status !== 200) refused.push([family, number, status])
    })
    console.log(`${sample.length} accounts logged in; the seed of the sample was ${seed}.`)
    expect(refused).toEqual([])
    const email = emailOf(0)
    expect((await service.client.login({ email, password: 'another' })).status).not.toBe(200)
  })

  it('takes less than two minutes, and says how far it is', async () => {
    const empty = await startIssuingService(inject('bundle'))
    const entries = Array.from({ length: accounts }, (_, number) => ({
      ...{ email: emailOf(number), hash: knownOf(number).hash },
    }))
    const command = startImport(folder.write('timed.jsonl', jsonLines(entries)), empty.database.url)
    expect(await command.exitCode()).toBe(0)
    const { made, seconds } = factsOf(command)
    console.log(`${made} accounts in ${seconds} s: ${Math.round(made / seconds)} a second.`)
    expect(made).toBe(accounts)
    expect(seconds).toBeLessThan(limitSeconds)
    if (seconds > 4)
      expect(command.output()).toMatch(/^Line \d+: \d+ made, .* entries a second\.$/m)
    await empty.stop()
  })

  it('twice at once makes each account once', async () => {
    const before = await countUsers()
    const entries = Array.from({ length: 20_000 }, (_, number) => ({
      ...{ email: `both-${number}@moved.example`, hash: knownOf(number).hash },
    }))
    const file = folder.write('both.jsonl', jsonLines(entries))
    const commands = [file, file].map((one) => startImport(one, service.database.url))
    const codes = await Promise.all(commands.map((command) => command.exitCode()))
    expect([codes, commands.map((one) => one.output())]).toEqual([[0, 0], expect.anything()])
    const [one, two] = commands.map(factsOf)
    expect(one.made + two.made).toBe(20_000)
    expect([one.left_out, two.left_out]).toEqual([0, 0])
    expect((await countUsers()) - before).toBe(20_000)
  })
})

describe('an import that is ended', () => {
  it('by its user says how far it was, exits 1, and goes on with the next', async () => {
    const entries = Array.from({ length: 50_000 }, (_, number) => ({
      ...{ email: `ended-${number}@moved.example`, hash: knownOf(number).hash },
    }))
    const file = folder.write('ended.jsonl', jsonLines(entries))
    const before = await countUsers()
    const ended = startImport(file, service.database.url)
    await until(async () => (await countUsers()) > before, 60_000)
    ended.child.kill('SIGINT')
    expect(await ended.exitCode()).toBe(1)
    const made = (await countUsers()) - before
    const [, line, said] = /^Line (\d+): (\d+) made, /m.exec(ended.output()) ?? []
    expect([Number(line), Number(said)]).toEqual([made, made])
    expect(ended.output()).toContain('Run the same command again: it goes on')
    expect(ended.output()).toContain('{"error":"failure","message":"The import was interrupted."}')
    const next = startImport(file, service.database.url)
    expect(await next.exitCode()).toBe(0)
    expect(factsOf(next)).toMatchObject({ already_there: made, made: 50_000 - made })
  })

  it('by its database goes on with the next', async () => {
    const database = await startDatabase()
    const entries = Array.from({ length: 50_000 }, (_, number) => ({
      ...{ email: emailOf(number), hash: knownOf(number).hash },
    }))
    const file = folder.write('away.jsonl', jsonLines(entries))
    const count = async () =>
      Number((await database.query('SELECT count(*) AS n FROM portcullis_users'))[0]?.n)
    const broken = startImport(file, database.url)
    await until(async () => (await count()) > 0, 60_000)
    database.sqld.process.kill('SIGKILL')
    expect(await broken.exitCode()).toBe(4)
    expect(broken.output()).toMatch(/^Line \d+: \d+ made, /m)
    expect(broken.output()).toContain('"error":"unreachable"')
    const port = Number(new URL(database.url).port)
    const sqld = await startSqld({ port, directory: database.directory })
    const there = await count()
    const next = startImport(file, database.url)
    expect(await next.exitCode()).toBe(0)
    expect(factsOf(next)).toMatchObject({ already_there: there, made: 50_000 - there })
    await sqld.stop()
    await database.stop()
  })

  it('by its user ends also while it waits for its standard input', async () => {
    const before = await countUsers()
    const args = ['src/cli/main.ts', 'users', 'import', '-', '--format', 'jsonl']
    const env = { ...process.env, TURSO_DATABASE_URL: service.database.url }
    const child = spawn(process.execPath, args, {
      cwd: root,
      env,
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    const entries = Array.from({ length: 600 }, (_, number) => ({
      ...{ email: `waiting-${number}@moved.example`, hash: knownOf(number).hash },
    }))
    child.stdin.write(jsonLines(entries))
    await until(async () => (await countUsers()) > before, 60_000)
    const ended = once(child, 'close')
    child.kill('SIGINT')
    expect(await ended).toEqual([1, null])
    expect((await countUsers()) - before).toBe(500)
  })
})

describe('the memory of an import', () => {
  it('does not grow with the file', async () => {
    const database = await createDatabaseFile()
    const [small, large] = [2_000, 60_000]
    const peakOf = async (lines: number) => {
      const file = folder.path(`${lines}.jsonl`)
      const stream = createWriteStream(file, { mode: 0o600 })
      const padding = 'x'.repeat(4_000)
      for (let number = 0; number < lines; number += 1) {
        const entry = { email: emailOf(number), hash: knownOf(number).hash, padding }
        if (!stream.write(jsonLines([entry]))) await once(stream, 'drain')
      }
      stream.end()
      await finished(stream)
      const telling =
        'data:text/javascript,process.on("exit",()=>console.error("peak "+process.resourceUsage().maxRSS))'
      const command = startImport(file, database.url, ['--import', telling])
      expect(await command.exitCode()).toBe(0)
      return Number(/peak (\d+)/.exec(command.output())?.[1]) / 1_024
    }
    const [smallMiB, largeMiB] = [await peakOf(small), await peakOf(large)]
    console.log(`Memory: ${smallMiB.toFixed()} MiB for 8 MB, ${largeMiB.toFixed()} for 240 MB.`)
    expect(largeMiB - smallMiB).toBeLessThan(80)
    await database.stop()
  })
})
