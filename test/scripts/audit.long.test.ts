// The audit's commands over a real sqld, against somebody who can write to the database.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sealEvents } from '../../src/service/domain/audit/seal-events.ts'
import {
  databaseAt,
  emptyAudit,
  insertEvents,
  seal,
  sealSecret,
  testSealKey,
} from '../support/audit.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { runNpm } from './commands.ts'

const otherSecret = 'another secret of these tests: 98765432'
const directory = mkdtempSync(join(tmpdir(), 'portcullis-audit-'))
let files = 0

let database: ServedDatabase
let settings: Record<string, string>
beforeAll(async () => {
  database = await startDatabase()
  settings = { TURSO_DATABASE_URL: database.url, SECRET_KEY: sealSecret }
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await database?.stop()
})
beforeEach(() => emptyAudit(database))

const audit = (args: readonly string[], env: Record<string, string> = {}) =>
  runNpm('admin', ['audit', ...args], { ...settings, ...env })

function verify(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = audit(['verify', '--json', ...args], env)
  expect(stderr).not.toMatch(/^ +at /m)
  return { status, stderr, ...JSON.parse(stdout || '{}') }
}

/** A new file of its own. */
function fileOf(text: string | undefined): string {
  files += 1
  const file = join(directory, `${files}`)
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 })
  return file
}

const change = (where: string, sql: string) => database.query(`${sql} WHERE ${where}`)
const found = (findings: readonly { problem: string; seal: number }[]) =>
  findings.map(({ problem, seal: number }) => [problem, number])

describe('npm run admin -- audit verify', () => {
  it('finds an empty audit intact, and one that was just sealed', async () => {
    const empty = verify()
    expect(empty).toMatchObject({ status: 0, intact: true, seals: 0, events: 0, unsealed: 0 })
    expect([empty.head, empty.longest_wait, empty.unsealed_since]).toEqual([null, null, null])
    await insertEvents(database, 2_500)
    expect(verify()).toMatchObject({ intact: true, seals: 0, unsealed: 2_500 })
    await seal(database)
    await insertEvents(database, 4)
    const { stdout, status } = audit(['verify'])
    const [, mac] = /^Head: 3 ([\w-]{43})$/m.exec(stdout) ?? []
    expect([status, stdout]).toEqual([
      0,
      `3 seals cover 2500 events. 4 events are not sealed yet.
Nothing was changed since it was sealed.
Each event was sealed within 1 h.
Head: 3 ${mac}
`,
    ])
    expect(verify()).toMatchObject({ status: 0, head: { number: 3, mac }, problems: 0 })
  })

  const events = 'portcullis_audit_events'
  const seals = 'portcullis_audit_seals'
  const attacks: [string, () => Promise<unknown>, [string, number][]][] = [
    [
      'a value that JavaScript cannot hold',
      () => change('seq = 1500', `UPDATE ${events} SET user_id = 9223372036854775807`),
      [['events_changed', 2]],
    ],
    [
      'a deleted event',
      () => change('seq = 1500', `DELETE FROM ${events}`),
      [['events_deleted', 2]],
    ],
    [
      'an event that was inserted in the place of a deleted one',
      async () => {
        await change('seq = 1500', `DELETE FROM ${events}`)
        await database.query(
          `INSERT INTO ${events} (seq, at, event, outcome, actor) VALUES (1500, 5, 'login', 'success', 'user')`,
        )
      },
      [['events_changed', 2]],
    ],
    [
      'an inserted event before the first',
      () =>
        database.query(
          `INSERT INTO ${events} (seq, at, event, outcome, actor) VALUES (-3, 5, 'login', 'success', 'user')`,
        ),
      [['events_inserted', 1]],
    ],
    [
      'two events that changed places',
      async () => {
        await change('seq = 1500', `UPDATE ${events} SET seq = -1`)
        await change('seq = 1501', `UPDATE ${events} SET seq = 1500`)
        await change('seq = -1', `UPDATE ${events} SET seq = 1501`)
      },
      [['events_changed', 2]],
    ],
    [
      'an event that moved over the edge of a seal',
      async () => {
        await change('seq = 1001', `DELETE FROM ${events}`)
        await change('seq = 1000', `UPDATE ${events} SET seq = 1001`)
      },
      [
        ['events_deleted', 1],
        ['events_changed', 2],
      ],
    ],
    [
      'a changed seal',
      () => change('number = 2', `UPDATE ${seals} SET mac = '${'A'.repeat(43)}'`),
      [['seal_changed', 2]],
    ],
    ['a removed seal', () => change('number = 2', `DELETE FROM ${seals}`), [['seal_missing', 3]]],
    [
      'a removed seal, and the later ones numbered anew',
      async () => {
        await change('number = 2', `DELETE FROM ${seals}`)
        await change('number = 3', `UPDATE ${seals} SET number = 2`)
      },
      [['events_inserted', 2]],
    ],
    [
      'an inserted seal',
      () =>
        database.query(
          `INSERT INTO ${seals} SELECT 4, last_seq + 1, last_seq + 1, 0, mac, key_id, 5 FROM ${seals} WHERE number = 3`,
        ),
      [['events_changed', 4]],
    ],
    [
      'all seals, made anew with another key',
      async () => {
        await database.query(`DELETE FROM ${seals}`)
        await seal(database, otherSecret)
      },
      [1, 2, 3].map((number): [string, number] => ['key_unknown', number]),
    ],
  ]
  it.each(attacks)('finds %s', async (_, attack, expected) => {
    await insertEvents(database, 2_100)
    await seal(database)
    await attack()
    const { status, stderr, intact, problems, findings } = verify()
    expect([status, intact, problems]).toEqual([1, false, expected.length])
    expect(found(findings)).toEqual(expected)
    // A slow machine gets lines about the progress first.
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1)).error).toBe('failure')
  })

  it('finds a change of any column, each in another seal', async () => {
    const numbers = ['at', 'user_id', 'attempt_seq']
    const texts = ['event', 'outcome', 'actor', 'session_id', 'request_id', 'target']
    await insertEvents(database, 10_000)
    await seal(database)
    for (const [at, column] of [...numbers, ...texts].entries()) {
      const value = numbers.includes(column) ? 5 : "'y'"
      await change(`seq = ${(at + 1) * 1_000}`, `UPDATE ${events} SET ${column} = ${value}`)
    }
    const expected = Array.from({ length: 9 }, (_, at) => ['events_changed', at + 1])
    expect(found(verify().findings)).toEqual(expected)
  })

  it('says in words where and what', async () => {
    await insertEvents(database, 2_100)
    await seal(database)
    await change('seq IN (1500, 1501)', 'DELETE FROM portcullis_audit_events')
    const { status, stdout, stderr } = audit(['verify'])
    expect(status).toBe(1)
    expect(stdout).toContain('Seal 2, events 1001 to 2000: events were deleted.\n')
    expect(stdout).toContain('3 seals cover 2098 events.')
    expect(stderr).toMatch(/(^|\n)The audit is not as it was sealed: a problem was found\.\n$/)
  })

  it('finds a cut tail with a kept head alone, also after the next seal', async () => {
    await insertEvents(database, 2_100)
    await seal(database)
    const head = fileOf(audit(['verify', '--json']).stdout)
    expect(verify(['--head', head])).toMatchObject({ status: 0, intact: true })
    expect(audit(['verify', '--head', head]).stdout).toContain(
      'The given head, seal 3, is in the chain.',
    )
    await change('number >= 2', 'DELETE FROM portcullis_audit_seals')
    await change('seq > 1200', 'DELETE FROM portcullis_audit_events')
    expect(verify()).toMatchObject({ status: 0, intact: true, events: 1_000, unsealed: 200 })
    expect(found(verify(['--head', head]).findings)).toEqual([['head_missing', 3]])
    await insertEvents(database, 1_900)
    await seal(database)
    expect(verify()).toMatchObject({ status: 0, intact: true, seals: 4 })
    const { status, findings } = verify(['--head', head])
    expect([status, found(findings)]).toEqual([1, [['head_changed', 3]]])
  })

  it('says when events have waited for their seal for more than a day, or have none', async () => {
    await insertEvents(database, 3, Math.floor(Date.now() / 1_000) - 90_000)
    const unsealed = audit(['verify'])
    expect([unsealed.status, unsealed.stdout]).toEqual([
      1,
      expect.stringContaining('Events 1 to 3: no seal covers them, although the first is older'),
    ])
    await seal(database)
    const { status, stdout } = audit(['verify'])
    const says = 'Seal 1 was made 25 h after an event that it covers. Either the cron did not run'
    expect([status, stdout]).toEqual([0, expect.stringContaining(says)])
  })

  it('finds removed seals that the cron has made anew with the head of its log', async () => {
    await insertEvents(database, 1_500)
    const { head } = await sealEvents(databaseAt(database), await testSealKey())
    const line = fileOf(`${JSON.stringify({ event: 'prune', sealed: 1_500, head })}\n`)
    expect(verify(['--head', line])).toMatchObject({ status: 0, intact: true })
    await database.query('DELETE FROM portcullis_audit_seals')
    await change('seq = 700', `UPDATE ${events} SET user_id = 3`)
    await seal(database)
    expect(verify()).toMatchObject({ status: 0, intact: true })
    expect(found(verify(['--head', line]).findings)).toEqual([['head_changed', 2]])
  })

  it('takes the head of an audit without seals', async () => {
    const head = fileOf(audit(['verify', '--json']).stdout)
    await insertEvents(database, 3)
    await seal(database)
    expect(verify(['--head', head])).toMatchObject({ status: 0, intact: true })
  })

  it('verifies old seals with the previous key, and with older keys of a file', async () => {
    const secrets = [otherSecret, 'the second secret of these tests: 01234', sealSecret]
    for (const secret of secrets) {
      await insertEvents(database, 3)
      await seal(database, secret)
    }
    expect(found(verify().findings)).toEqual([
      ['key_unknown', 1],
      ['key_unknown', 2],
    ])
    const previous = { PREVIOUS_SECRET_KEY: secrets[1] ?? '' }
    expect(found(verify([], previous).findings)).toEqual([['key_unknown', 1]])
    const keys = fileOf(`${secrets[0]}\n`)
    const all = verify(['--keys', keys], previous)
    expect(all).toMatchObject({ status: 0, intact: true })
    expect(Object.values(all.keys)).toEqual([1, 1, 1])
    expect(verify(['--keys', fileOf(`${secrets[1]}\n\n${secrets[0]}`)])).toMatchObject({
      status: 0,
    })
  })

  it('never prints a key', () => {
    const keys = fileOf('a short secret\n')
    const { status, stdout, stderr } = audit(['verify', '--keys', keys])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Line 1 of .* must have at least 32 bytes/)
    expect(stderr).not.toContain('a short secret')
  })
})

describe('npm run admin -- audit export', () => {
  it('writes a file for its owner, which is verified without a database', async () => {
    await insertEvents(database, 2_100)
    await seal(database)
    await insertEvents(database, 7)
    const file = fileOf(undefined)
    const { status, stdout } = audit(['export', '--output', file, '--json'])
    const { head } = verify()
    expect([status, JSON.parse(stdout)]).toEqual([0, { file, events: 2_107, seals: 3, head }])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const offline = { TURSO_DATABASE_URL: '' }
    const verdict = { status: 0, intact: true, seals: 3, events: 2_100, unsealed: 7, head }
    expect(verify(['--file', file], offline)).toMatchObject(verdict)
    // A kept export is a kept head.
    expect(verify(['--head', file])).toMatchObject({ status: 0 })
    const again = audit(['export', '--output', file])
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('exists already')])
  })

  it('prints the same to the standard output, and nothing else', async () => {
    await insertEvents(database, 3, 1_793_000_000)
    await seal(database)
    const { status, stdout, stderr } = audit(['export'])
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([status, stderr, lines.map((line) => Object.keys(line)[0])]).toEqual([
      ...[0, '', ['event', 'event', 'event', 'seal', 'head']],
    ])
    expect(lines[0].event).toEqual({
      ...{ seq: 1, at: 1_793_000_001, event: 'login', outcome: 'attempted', actor: 'user' },
      ...{ user_id: 2, session_id: `${'0'.repeat(15)}1`, request_id: 'request-1' },
      ...{ attempt_seq: null, target: null },
    })
    expect(lines[4]).toEqual({ head: { number: 1, mac: lines[3].seal.mac } })
  })

  it('shows where an export was changed or cut', async () => {
    await insertEvents(database, 1_100)
    await seal(database)
    const text = audit(['export']).stdout
    const lines = text.trimEnd().split('\n')
    const verifyText = (changed: string) => verify(['--file', fileOf(changed)])
    const outcome = text.replace('"request-9"', '"request-8"')
    expect(found(verifyText(outcome).findings)).toEqual([['events_changed', 1]])
    const without = [...lines.slice(0, 5), ...lines.slice(6)].join('\n')
    expect(found(verifyText(without).findings)).toEqual([['events_deleted', 1]])
    const noSeal = lines.filter((line) => !line.startsWith('{"seal":{"number":1,'))
    expect(found(verifyText(noSeal.join('\n')).findings)).toEqual([['seal_missing', 2]])
    for (const [cut, why] of [
      [lines.slice(0, -1).join('\n'), 'its last line, with the head, is missing'],
      [[...lines.slice(0, -2), lines.at(-1)].join('\n'), 'is not its last seal'],
      [`${lines.slice(0, 3).join('\n')}\n{"event":`, 'line 4 does not fit'],
      [`${text}${lines[0]}\n`, 'does not fit'],
      ['', 'its last line, with the head, is missing'],
    ]) {
      const { status, stderr } = verifyText(cut ?? '')
      expect([status, stderr]).toEqual([1, expect.stringContaining(why ?? '')])
    }
  })

  it('leaves no file when it fails', () => {
    const file = join(directory, 'no-folder', 'x')
    const failed = audit(['export', '--output', file])
    expect([failed.status, failed.stderr]).toEqual([
      1,
      expect.stringContaining('cannot be written'),
    ])
    const unreachable = fileOf(undefined)
    const env = { TURSO_DATABASE_URL: 'http://127.0.0.1:9' }
    expect(audit(['export', '--output', unreachable], env).status).toBe(4)
    expect(() => readFileSync(unreachable)).toThrow('ENOENT')
  })
})

describe('npm run admin -- audit list', () => {
  const ids = (...args: string[]) =>
    audit(['list', '--json', ...args])
      .stdout.split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).id)

  it('lists events, newest first, in pages', async () => {
    await insertEvents(database, 5)
    const { stdout, stderr, status } = audit(['list', '--limit', '2'])
    const [heads, first, second, ...more] = stdout.trimEnd().split('\n')
    expect([status, stderr, more]).toEqual([0, 'There may be more: add --after 4.\n', []])
    expect(heads).toMatch(/^id +at +event +outcome +by +user +session +target +device +address$/)
    expect(first).toMatch(/^5 +2026-\S+Z +login +attempted +user +6 +0{15}5 +- +- +-$/)
    expect(second).toMatch(/^4 +/)
    expect(ids('--limit', '2', '--after', '4')).toEqual([3, 2])
    expect(ids('--after', '1')).toEqual([])
  })

  it('prints an event as JSON, with its details while they are kept', async () => {
    await insertEvents(database, 2, 1_793_000_000)
    await database.query(
      `INSERT INTO portcullis_audit_details VALUES
        (2, '192.0.2.7', 'Firefox on Windows', unixepoch() + 60), (1, '192.0.2.8', 'x', unixepoch() - 1)`,
    )
    const lines = audit(['list', '--json']).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        ...{
          id: 2,
          at: new Date(1_793_000_002_000).toISOString(),
          event: 'login',
          outcome: 'success',
        },
        ...{ actor: 'user', user_id: 3, session_id: `${'0'.repeat(15)}2`, request_id: 'request-2' },
        ...{ attempt_id: 2, target: null, device: 'Firefox on Windows', address: '192.0.2.7' },
      },
      expect.objectContaining({ id: 1, device: null, address: null }),
    ])
    await database.query('DELETE FROM portcullis_audit_details')
  })

  it('filters by account, name and time', async () => {
    await insertEvents(database, 9, 1_793_000_000)
    await change('seq = 4', "UPDATE portcullis_audit_events SET event = 'users disable'")
    expect(ids('--user-id', '2')).toEqual([8, 1])
    expect(ids('--event', 'users disable')).toEqual([4])
    const since = new Date((1_793_000_000 + 8) * 1_000).toISOString()
    expect(ids('--since', since)).toEqual([9, 8])
    expect(ids('--since', '2027-01-01')).toEqual([])
    await database.query(
      `INSERT INTO portcullis_users (id, email, email_normalized, password_hash, token_generation, registered_at)
        VALUES (2, 'ada@example.com', 'ada@example.com', '', 'generation-00000', 0)`,
    )
    expect(ids('--email', 'ADA@example.com')).toEqual([8, 1])
    const unknown = audit(['list', '--email', 'eve@example.com'])
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('--user-id')])
  })

  it.each([
    ['--limit', '0'],
    ['--limit', '1001'],
    ['--since', 'yesterday'],
    ['--since', '2026-13-01'],
    ['--user-id', '0'],
    ['--after', 'x'],
  ])('refuses %s %s', (option, value) => {
    expect(audit(['list', option, value]).status).toBe(2)
  })

  it('refuses two names of an account', () => {
    const { status, stderr } = audit(['list', '--email', 'a@b.c', '--user-id', '1'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('leave one out')])
  })
})

describe('a command about the audit', () => {
  const missing = 'Set SECRET_KEY to that of the service: the key of the seals is made from it.\n'
  it.each([
    [2, ['verify'], { SECRET_KEY: '' }, missing],
    [2, ['verify'], { SECRET_KEY: 'short' }, 'SECRET_KEY must have at least 32 bytes'],
    [2, ['verify', '--keys', '/nowhere'], {}, '/nowhere cannot be read: check --keys.'],
    [2, ['verify', '--head', '/nowhere'], {}, '/nowhere cannot be read: check --head.'],
    [2, ['verify', '--head', 'package.json'], {}, 'has no head in its last line'],
    [2, ['verify', '--file', '/nowhere'], {}, '/nowhere cannot be read: check --file.'],
    [4, ['verify'], { TURSO_DATABASE_URL: 'http://127.0.0.1:9' }, 'the database cannot be reached'],
    [4, ['export'], { TURSO_DATABASE_URL: 'http://127.0.0.1:9' }, 'the database cannot be reached'],
    [2, ['list'], { TURSO_DATABASE_URL: '' }, 'Say which database'],
  ] as const)('exits %i for %j %j and says what is wrong', (code, args, env, sentence) => {
    const { status, stdout, stderr } = audit(args, env as Record<string, string>)
    expect([status, stdout, stderr]).toEqual([code, '', expect.stringContaining(sentence)])
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
