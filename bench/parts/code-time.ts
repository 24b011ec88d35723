// Measures whether the time of an answer tells anything about an email or a handle (ASVS 6.3.8).
// Registration is neutral. Each round asks once for every kind, in random order. Many rounds run at
// once, because the answers come at the end of a span.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { type Answer, createClientOf } from '../../test/support/client.ts'
import { startDatabase, type TestDatabase } from '../../test/support/database.ts'
import { doAtOnce } from '../../test/support/limited-servers.ts'
import { startHttpPost } from '../../test/support/posts.ts'
import { testSettings } from '../../test/support/settings.ts'
import { serveOnWorkerd } from '../../test/support/workerd.ts'
import { bundleWorker } from '../support/bundle.ts'
import { aucOf, shuffled } from '../support/compare-times.ts'
import { quantile, renderCount } from '../support/table.ts'

const rounds = Number(process.env.BENCH_CODE_PAIRS ?? 2_000)
const warmUps = Math.min(50, rounds)
const roundsAtOnce = 16
const medianToleranceMs = 2
/** With 2,000 pairs, chance alone moves the AUC by 0.009 (one standard deviation). */
const aucTolerance = 0.03
const password = 'a good password'

type Client = ReturnType<typeof createClientOf>

/** One thing that a stranger can ask. */
interface Kind {
  readonly name: string
  /** The kind to compare with. */
  readonly against: string
  readonly status: number
  /** Each round has accounts and handles of its own, so that no limit is met. */
  readonly ask: (client: Client, round: number) => Promise<Answer>
}

/** What is in two columns of an account's row. */
const known = { emailVerifiedAt: '1', disabledAt: 'NULL' }
const unverified = { emailVerifiedAt: 'NULL', disabledAt: 'NULL' }
const disabled = { emailVerifiedAt: '1', disabledAt: '1' }
/** The accounts by the first letter of their emails. The last three are for registrations. */
const accounts = { k: known, u: unverified, d: disabled, r: known, s: unverified, t: disabled }
/** All of the same length. */
const emailOf = (letter: string, round: number) => `${letter}-${padded(round)}@example.com`
const padded = (round: number) => String(round).padStart(9, '0')

const emailKinds = (['forgotPassword', 'emailCode'] as const).flatMap((asking): Kind[] => {
  const path = asking === 'forgotPassword' ? '/auth/forgot-password' : '/auth/email-code'
  const unknown = `${path}, an unknown email`
  const kind = (name: string, letter: string): Kind => ({
    ...{ name: `${path}, ${name}`, against: unknown, status: 200 },
    ask: (client, round) => client[asking](emailOf(letter, round)),
  })
  return [
    kind('an unknown email', 'n'),
    kind('another unknown email', 'm'),
    kind('a known email', 'k'),
    kind('an unverified email', 'u'),
    kind('a disabled account', 'd'),
  ]
})

const madeUp = 'a wrong code, a made-up handle'
const handleKind = (name: string, start: string): Kind => ({
  ...{ name, against: madeUp, status: 403 },
  ask: (client, round) =>
    client.loginByCode({ handle: `${start}-${padded(round)}`, code: '0000-0000' }),
})

const registered = (name: string, letter: string): Kind => ({
  ...{ name: `/auth/register, ${name}`, against: '/auth/register, a new email', status: 202 },
  ask: (client, round) => client.register({ email: emailOf(letter, round), password }),
})

const kinds: readonly Kind[] = [
  ...emailKinds,
  registered('a new email', 'o'),
  registered('another new email', 'p'),
  registered('a known email', 'r'),
  registered('an unverified email', 's'),
  registered('a disabled account', 't'),
  handleKind(madeUp, 'nobody'),
  handleKind('a wrong code, a real handle', 'handle'),
]

/** Milliseconds of each answer, by kind. */
type Times = ReadonlyMap<string, number[]>

/**
 * Fails the run if the time tells one of the kinds.
 *
 * @param directory for the bundle
 */
export async function measureCodeTime(directory: string): Promise<string> {
  const times = await measure(bundleWorker(directory, 'src/worker.ts'))
  const compared = kinds.filter(({ name, against }) => name !== against).map(compareIn(times))
  const told = compared.filter(
    ({ differenceMs, auc }) =>
      Math.abs(differenceMs) > medianToleranceMs || Math.abs(auc - 0.5) > aucTolerance,
  )
  if (told.length > 0) {
    process.exitCode = 1
    console.error(`The time of an answer tells: ${told.map(({ name }) => name).join('; ')}.`)
  }
  return [
    `${renderCount(rounds)} rounds with one request of each kind, in random order, ${roundsAtOnce} rounds at once. Each is compared with an unknown email, or with a made-up handle. The AUC is how often it takes longer: 0.5 tells nothing.`,
    renderTable(
      ['request', 'median (ms)', 'compared with, median (ms)', 'difference (ms)', 'AUC'],
      compared.map(({ name, ms, againstMs, differenceMs, auc }) => [
        ...[name, ms.toFixed(2), againstMs.toFixed(2), differenceMs.toFixed(2), auc.toFixed(3)],
      ]),
    ),
  ].join('\n\n')
}

function compareIn(times: Times) {
  return ({ name, against }: Kind) => {
    const [subject = [], other = []] = [times.get(name), times.get(against)]
    const [ms, againstMs] = [quantile(subject, 0.5), quantile(other, 0.5)]
    return { name, ms, againstMs, differenceMs: ms - againstMs, auc: aucOf(subject, other) }
  }
}

async function measure(bundle: string): Promise<Times> {
  const database = await startDatabase()
  const post = await startHttpPost()
  const server = await serveOnWorkerd(bundle, {
    ...{ ...testSettings, ...post.variables, REGISTRATION: 'neutral' },
    TURSO_DATABASE_URL: database.url,
  })
  try {
    return await timeRounds(createClientOf(server.baseUrl), database)
  } finally {
    await server.stop()
    await post.stop()
    await database.stop()
  }
}

async function timeRounds(client: Client, database: TestDatabase): Promise<Times> {
  const times = new Map<string, number[]>(kinds.map(({ name }) => [name, []]))
  for (const letter of Object.keys(accounts)) await insertAccounts(database, letter)
  await insertHandles(database)
  await doAtOnce(warmUps + rounds, roundsAtOnce, async (round) => {
    for (const { name, ask, status } of shuffled(kinds)) {
      const beganAtMs = performance.now()
      const answer = await ask(client, round)
      const ms = performance.now() - beganAtMs
      if (answer.status !== status) throw new Error(`${name} is answered ${answer.status}`)
      if (round >= warmUps) times.get(name)?.push(ms)
    }
    if (round % 100 === 99) console.error(`${renderCount(round + 1)} rounds`)
  })
  return times
}

const everyRound = `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${warmUps + rounds})`

async function insertAccounts({ query }: TestDatabase, letter: string): Promise<void> {
  const { emailVerifiedAt, disabledAt } = accounts[letter as keyof typeof accounts]
  const email = `printf('${letter}-%09d@example.com', i)`
  await query(
    `${everyRound} INSERT INTO portcullis_users (email, email_normalized, password_hash,
        token_generation, registered_at, email_verified_at, disabled_at)
      SELECT ${email}, ${email}, '!', lower(hex(randomblob(8))), 1, ${emailVerifiedAt}, ${disabledAt}
      FROM n`,
  )
}

/** Handles and codes of the known accounts, as if their owners had asked. */
async function insertHandles({ query }: TestDatabase): Promise<void> {
  const email = `printf('k-%09d@example.com', i)`
  await query(
    `${everyRound} INSERT INTO portcullis_codes (id, purpose, user_id, address, password_version,
        created_at, code_expires_at, link_expires_at)
      SELECT printf('coded--%09d', i), 'sign_in', u.id, u.email, u.password_version,
        unixepoch(), unixepoch() + 86400, unixepoch() + 86400
      FROM n JOIN portcullis_users u ON u.email = ${email}`,
  )
  await query(
    `${everyRound} INSERT INTO portcullis_code_handles (id, code_id, tries, created_at, is_of_session)
      SELECT printf('handle-%09d', i), printf('coded--%09d', i), 0, unixepoch(), 0 FROM n`,
  )
}
