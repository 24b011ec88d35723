// Each command that changes something writes its event. The commands come from their list, and the
// list is compared with the program: a new command is in it, or among those that only read.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditedCommands } from '../../src/cli/audited-commands.ts'
import { createProgram } from '../../src/cli/program.ts'
import { createAttemptKeyMaker } from '../../src/service/domain/limits/attempt-keys.ts'
import { freshEmail } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { testSettings } from '../support/settings.ts'
import { readSet, runNpm } from './commands.ts'

type AuditedCommand = (typeof auditedCommands)[number]

/** They take a database, and change nothing in it that an audit would name. */
const readers = [
  'migrate',
  'users list',
  'users show',
  'limits show',
  'audit list',
  'mail list',
  'audit verify',
  'audit export',
]
const hash = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
const password = 'a good password'

let database: ServedDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database?.stop())

function run(input: string, ...args: string[]) {
  const { SECRET_KEY } = testSettings
  const env = { TURSO_DATABASE_URL: database.url, BCRYPT_COST: '4', SECRET_KEY }
  return runNpm('admin', args, env, input)
}

/** Creates an account, and gives its id. */
function create(email: string, ...args: string[]): number {
  const made = run(`${password}\n`, 'users', 'create', email, '--json', ...args)
  return JSON.parse(made.stdout).user_id
}

const eventsOf = (event: string) =>
  database.query(
    `SELECT outcome, actor, user_id, session_id, request_id, target FROM portcullis_audit_events
      WHERE event = ?`,
    event,
  )

async function countAttempt(email: string): Promise<void> {
  const key = await createAttemptKeyMaker(secrets).ofAccount('login', email)
  const insert = 'INSERT INTO portcullis_attempts (key, count, last_at) VALUES (?, 9, unixepoch())'
  await database.query(insert, key)
}

/** Gives the id of the mail. */
async function insertGivenUpMail(userId: number): Promise<string> {
  const mailId = '-given-up-mail-1'
  await database.query(
    `INSERT INTO portcullis_outgoing_mail
        (id, kind, user_id, address, recipient, language, created_at, tries, given_up_at)
      VALUES (?, 'password_changed', ?, 'a@b.c', 'a@b.c', 'en', unixepoch(), 1, unixepoch())`,
    ...[mailId, userId],
  )
  return mailId
}
const secrets = { secretKey: testSettings.SECRET_KEY }

/** What the event of a command says, and how often it is there. */
interface Expected {
  readonly userId?: number | null
  readonly target?: string | null
  readonly count?: number
}

/** Runs a command for an account. */
const onAccount =
  (words: string, rest: readonly string[] = [], target: string | null = null) =>
  (email: string, userId: number): Expected => {
    expect(run(`another ${password}\n`, ...words.split(' '), email, ...rest).status).toBe(0)
    return { userId, target }
  }

const provocations = {
  'users create': (_email, userId) => ({ userId, target: 'viewer', count: 1 }),
  'users invite': (email) => {
    const invited = run(
      '',
      'users',
      'invite',
      freshEmail(),
      '--role',
      'b',
      '--role',
      'admin',
      '--json',
    )
    // The account is in use.
    expect(run('', 'users', 'invite', email).status).toBe(1)
    return { userId: JSON.parse(invited.stdout).user_id, target: 'admin b' }
  },
  'users import': () => {
    const file = join(database.directory, 'accounts.jsonl')
    const entry = (one: string, ...roles: string[]) => JSON.stringify({ email: one, hash, roles })
    const [first, second] = [freshEmail(), freshEmail()]
    writeFileSync(file, [entry(first, 'admin', 'b', 'a'), entry(second), entry(first)].join('\n'))
    expect(run('', 'users', 'import', file).status).toBe(5)
    // An account that exists is not imported again.
    expect(run('', 'users', 'import', file).status).toBe(5)
    return { count: 2 }
  },
  'users set-roles': (email, userId) => {
    const given = onAccount('users set-roles', ['editor', 'admin'], 'admin editor')(email, userId)
    // Nothing changes.
    expect(run('', 'users', 'set-roles', email, 'admin', 'editor').status).toBe(0)
    return given
  },
  'users add-role': onAccount('users add-role', ['editor'], 'editor viewer'),
  'users remove-role': onAccount('users remove-role', ['viewer'], ''),
  'users disable': (email, userId) => {
    const given = onAccount('users disable')(email, userId)
    expect(run('', 'users', 'disable', email).status).toBe(0)
    return given
  },
  'users enable': (email, userId) => {
    expect(run('', 'users', 'enable', email).status).toBe(0)
    expect(run('', 'users', 'disable', email).status).toBe(0)
    return onAccount('users enable')(email, userId)
  },
  'users revoke-sessions': onAccount('users revoke-sessions'),
  'users set-password': onAccount('users set-password'),
  'users delete': onAccount('users delete', ['--yes']),
  'users unlock': async (email, userId) => {
    await countAttempt(email)
    const given = onAccount('users unlock')(email, userId)
    // There is nothing to forget any more.
    expect(run('', 'users', 'unlock', email).status).toBe(0)
    return given
  },
  'keys revoke': () => {
    expect(run('', 'keys', 'revoke', 'a-key', '--unchecked').status).toBe(0)
    return { userId: null, target: 'a-key' }
  },
  'mail retry': async (_email, userId) => {
    const target = await insertGivenUpMail(userId)
    expect(run('', 'mail', 'retry', target).status).toBe(0)
    // It is due already.
    expect(run('', 'mail', 'retry', '--all').status).toBe(0)
    return { userId, target }
  },
  'migrate --restored': () => {
    const file = join(database.directory, 'keys.json')
    const keys = run('', 'keys', 'generate').stdout
    writeFileSync(file, keys, { mode: 0o600 })
    expect(run('', 'migrate', '--restored', '--file', file).status).toBe(0)
    const names = readSet(keys).map(({ kid }) => kid)
    return { userId: null, target: names.join(' ') }
  },
} satisfies Record<AuditedCommand, (email: string, userId: number) => Expected | Promise<Expected>>

describe('the audit', () => {
  it.each(auditedCommands)('has the event of %s', async (command) => {
    const before = (await eventsOf(command)).length
    const email = freshEmail()
    const userId = create(email, '--role', 'viewer')
    const expected: Expected = await provocations[command](email, userId)
    const { target = null, count = 1 } = expected
    const events = (await eventsOf(command)).slice(before)
    expect(events).toHaveLength(command === 'users import' ? count : 1)
    if (command === 'users import') {
      expect(events.map((event) => event.target)).toEqual(['admin a b', ''])
      expect(new Set(events.map((event) => event.user_id)).size).toBe(2)
      return
    }
    expect(events).toEqual([
      {
        ...{ outcome: 'success', actor: 'administrator', user_id: expected.userId, target },
        ...{ session_id: null, request_id: null },
      },
    ])
  })

  it('has no event of a command for an account that does not exist', async () => {
    const count = async () => database.query('SELECT count(*) AS n FROM portcullis_audit_events')
    const before = await count()
    for (const command of auditedCommands) {
      if (!/^users (?!create|invite|import)/.test(command)) continue
      const rest = command.includes('-role') ? ['editor'] : []
      run(`${password}\n`, ...command.split(' '), freshEmail(), ...rest)
    }
    expect(await count()).toEqual(before)
  })

  it('has an unlocked email without an account, under no account', async () => {
    const email = freshEmail()
    await countAttempt(email)
    const before = (await eventsOf('users unlock')).length
    for (const changed of [true, false]) {
      const unlocked = run('', 'users', 'unlock', email, '--json')
      expect(JSON.parse(unlocked.stdout)).toMatchObject({ changed })
    }
    const events = (await eventsOf('users unlock')).slice(before)
    expect(events).toEqual([expect.objectContaining({ user_id: null, target: null })])
  })

  it('knows every command that takes a database', () => {
    const named = (command: Command, before = ''): [string, Command][] =>
      command.commands.flatMap((one) => [
        [`${before}${one.name()}`, one] as [string, Command],
        ...named(one, `${before}${one.name()} `),
      ])
    const writing = named(createProgram())
      .filter(([, one]) => one.options.some(({ long }) => long === '--url'))
      .map(([name]) => name)
    const known = auditedCommands.map((name) => name.replace(' --restored', ''))
    expect([...new Set(writing)].sort()).toEqual([...new Set([...known, ...readers])].sort())
  })

  it('keeps the events of a deleted account, and deletes their personal details', async () => {
    const userId = create(freshEmail())
    const insert = (seq: number, whose: number) =>
      database.query(
        `INSERT INTO portcullis_audit_events (seq, at, event, outcome, actor, user_id)
          VALUES (${seq}, 1, 'login', 'success', 'user', ${whose})`,
      )
    await insert(100_001, userId)
    await insert(100_002, userId + 1_000)
    await database.query(
      'INSERT INTO portcullis_audit_details (seq, address, expires_at) VALUES (100001, ?, 9), (100002, ?, 9)',
      '192.0.2.1',
      '192.0.2.2',
    )
    const [account] = await database.query(
      'SELECT email FROM portcullis_users WHERE id = ?',
      userId,
    )
    expect(run('', 'users', 'delete', String(account?.email), '--yes').status).toBe(0)
    const details = 'SELECT seq FROM portcullis_audit_details WHERE seq > 100000'
    expect(await database.query(details)).toEqual([{ seq: 100_002 }])
    const events = 'SELECT event FROM portcullis_audit_events WHERE user_id = ? ORDER BY seq'
    expect((await database.query(events, userId)).map(({ event }) => event)).toEqual([
      ...['users create', 'login', 'users delete'],
    ])
  })
})
