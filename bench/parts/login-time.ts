// Measures whether the time of a refused login tells anything about the account. Each round logs in
// once for every kind of account, in random order, one login at a time. A stranger with a stopwatch
// could tell two kinds apart if one were slower more often than not.

import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import bcrypt from 'bcryptjs'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../src/service/domain/identity/password-hasher.ts'
import { createClientOf } from '../../test/support/client.ts'
import { startDatabase, type TestDatabase } from '../../test/support/database.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { aucOf, shuffled } from '../support/compare-times.ts'
import { quantile, renderCount } from '../support/table.ts'

const cost = 8
const rounds = Number(process.env.BENCH_LOGIN_PAIRS ?? 2_000)
const warmUps = Math.min(50, rounds)
const accountsOfKind = 20
/** Longer than the rest after a hash, which would hide the time of the next one. */
const pauseMs = 28
/**
 * With 2,000 pairs, chance alone moves the AUC of a perfect service by 0.009 (one standard
 * deviation). So one comparison in a thousand is further away than this.
 */
const tolerance = 0.03
/** Shed logins are sent again. So many in a row are no accident. */
const attemptsAtMost = 5

const short = 'a good password'
const long = 'a good and long password, '.repeat(4)

interface Kind {
  /** The stored hash of an account; undefined if there is none. */
  readonly storedHash?: () => Promise<string>
  readonly isDisabled?: boolean
  /** The wrong password that is typed. */
  readonly typed: string
  /** The kind to compare with; undefined for these kinds themselves. */
  readonly against?: string
  /**
   * Whether the time is known to tell this kind. The docs say so, and the run does not fail. Each
   * tenth round has it.
   */
  readonly isTold?: boolean
}

const { hash } = createPasswordHasher(cost, systemRuntime)
const unknown = 'an unknown email'
const unknownLong = 'an unknown email, long password typed'
const wrong = { typed: 'a wrong password', against: unknown }
const wrongLong = { typed: `${long}!`, against: unknownLong }

const kinds: Readonly<Record<string, Kind>> = {
  [unknown]: { typed: wrong.typed },
  [unknownLong]: { typed: wrongLong.typed },
  'another unknown email': wrong,
  'a wrong password': { ...wrong, storedHash: () => hash(short) },
  'a disabled account': { ...wrong, storedHash: () => hash(short), isDisabled: true },
  [`an old hash, cost ${cost - 2}`]: { ...wrong, storedHash: () => bcrypt.hash(short, cost - 2) },
  [`an old hash, cost ${cost - 4}`]: { ...wrong, storedHash: () => bcrypt.hash(short, cost - 4) },
  'a long password stored, a short one typed': { ...wrong, storedHash: () => hash(long) },
  'a short password stored, a long one typed': { ...wrongLong, storedHash: () => hash(short) },
  'a long password stored, a long one typed': { ...wrongLong, storedHash: () => hash(long) },
  'a hash that cannot be verified': { ...wrong, storedHash: async () => 'md5$salt$0a1b' },
  'PBKDF2, 100,000 rounds': { ...wrong, storedHash: async () => pbkdf2Hash(), isTold: true },
  'scrypt, N·r·p = 2^18': { ...wrong, storedHash: async () => scryptHash(), isTold: true },
}

/** As Django stores it. */
function pbkdf2Hash(): string {
  const key = pbkdf2Sync(short, 'pepper', 100_000, 32, 'sha256').toString('base64')
  return `pbkdf2_sha256$100000$pepper$${key}`
}

/** As Werkzeug stores it. */
function scryptHash(): string {
  const work = { N: 32_768, r: 8, p: 1, maxmem: 2 ** 26 }
  return `scrypt:32768:8:1$pepper$${scryptSync(short, 'pepper', 64, work).toString('hex')}`
}

/** Milliseconds of each login, by kind. */
type Times = Readonly<Record<string, number[]>>

/**
 * Fails the run if a kind can be told from an unknown email.
 *
 * @param directory for the bundle
 */
export async function measureLoginTime(directory: string): Promise<string> {
  const times = await measure(bundleWorker(directory, 'src/worker.ts'))
  const compared = Object.entries(kinds).flatMap(([kind, { against }]) =>
    against === undefined ? [] : [compare(times, kind, against)],
  )
  const told = compared.filter(
    ({ kind, auc }) => !kinds[kind]?.isTold && Math.abs(auc - 0.5) > tolerance,
  )
  if (told.length > 0) {
    process.exitCode = 1
    console.error(`The time of a login tells: ${told.map(({ kind }) => kind).join('; ')}.`)
  }
  return [
    `bcrypt cost ${cost}, one login at a time, ${pauseMs} ms between two; ${renderCount(rounds)} rounds with one login of each kind, in random order. All are answered 404. The AUC is how often the login takes longer than the one with an unknown email: 0.5 tells nothing.`,
    renderTable(
      ['login with', 'median (ms)', 'unknown email, median (ms)', 'difference', 'AUC'],
      compared.map(({ kind, ms, againstMs, auc }) => [
        ...[kind, ms.toFixed(2), againstMs.toFixed(2)],
        `${((ms / againstMs - 1) * 100).toFixed(1)} %`,
        auc.toFixed(3),
      ]),
    ),
  ].join('\n\n')
}

async function measure(bundle: string): Promise<Times> {
  const database = await startDatabase()
  const server = await serveOnWorkerd(bundle, {
    ...testSettings,
    BCRYPT_COST: String(cost),
    TURSO_DATABASE_URL: database.url,
  })
  try {
    return await timeRounds(server.baseUrl, await insertAccounts(database))
  } finally {
    await server.stop()
    await database.stop()
  }
}

async function timeRounds(baseUrl: string, emails: Record<string, string[]>): Promise<Times> {
  const times: Times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]))
  for (let round = -warmUps; round < rounds; round += 1) {
    if (round > 0 && round % 100 === 0) {
      console.error(`${renderCount(round)} of ${renderCount(rounds)} rounds`)
    }
    for (const kind of shuffled(kindsOf(round))) {
      const at = Math.abs(round) % accountsOfKind
      const ms = await timeLogin(baseUrl, emails[kind]?.[at] ?? '', kind)
      if (round >= 0) times[kind]?.push(ms)
      await delay(pauseMs)
    }
  }
  return times
}

function kindsOf(round: number): string[] {
  return Object.keys(kinds).filter((kind) => !kinds[kind]?.isTold || round % 10 === 0)
}

/** Emails of the same length for each kind, with the accounts that the kind has. */
async function insertAccounts({ query }: TestDatabase) {
  const emails: Record<string, string[]> = {}
  for (const [kind, { storedHash, isDisabled }] of Object.entries(kinds)) {
    const those = Array.from(
      { length: accountsOfKind },
      () => `${randomBytes(8).toString('hex')}@example.com`,
    )
    emails[kind] = those
    for (const email of storedHash ? those : []) {
      await query(
        `INSERT INTO portcullis_users
          (email, email_normalized, password_hash, token_generation, registered_at, disabled_at)
          VALUES (?1, ?1, ?2, lower(hex(randomblob(8))), unixepoch(), iif(?3, unixepoch(), NULL))`,
        ...[email, (await storedHash?.()) ?? '', isDisabled ? 1 : 0],
      )
    }
  }
  return emails
}

async function timeLogin(baseUrl: string, email: string, kind: string): Promise<number> {
  const client = createClientOf(baseUrl)
  for (let attempt = 1; ; attempt += 1) {
    const beganAtMs = performance.now()
    const { status } = await client.login({ email, password: kinds[kind]?.typed })
    const ms = performance.now() - beganAtMs
    if (status === 404) return ms
    const isShed = status === 503 && attempt < attemptsAtMost
    if (!isShed) throw new Error(`The login with ${kind} is answered ${status}`)
    await delay(1_000)
  }
}

function compare(times: Times, kind: string, against: string) {
  const [subject = [], other = []] = [times[kind], times[against]]
  const [ms, againstMs] = [quantile(subject, 0.5), quantile(other, 0.5)]
  return { kind, ms, againstMs, auc: aucOf(subject, other) }
}
