// Mail that was not sent, as the commands show it and make it due again, on a real database.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { runNpm } from './commands.ts'

let database: ServedDatabase
/** Events are never deleted. */
let eventsBefore = 0
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database?.stop())
beforeEach(async () => {
  for (const table of ['outgoing_mail', 'suppressed_addresses']) {
    await database.query(`DELETE FROM portcullis_${table}`)
  }
  const sql = 'SELECT coalesce(max(seq), 0) AS seq FROM portcullis_audit_events'
  eventsBefore = Number((await database.query(sql))[0]?.seq)
})

const mail = (...args: string[]) =>
  runNpm('admin', ['mail', ...args], { TURSO_DATABASE_URL: database.url })
const json = (...args: string[]) => JSON.parse(mail(...args, '--json').stdout)

const email = 'ada@example.com'
/** Ids may begin with a hyphen. */
const [upId, waitingId, voidId, sentId] = [
  '-h-given-up-mail',
  'a-waiting-mail-1',
  'a-useless-mail-1',
  'a-mail-was-sent1',
]
const unknownId = 'an-unknown-mail1'

async function insertMail(mailId: string, queuedAt: number, columns: Record<string, string> = {}) {
  const names = Object.keys(columns).map((name) => `, ${name}`)
  const values = Object.values(columns).map((value) => `, ${value}`)
  await database.query(
    `INSERT INTO portcullis_outgoing_mail (id, kind, user_id, address, recipient, language,
      created_at, tries${names.join('')}) VALUES (?, 'password_changed', 7, ?, ?, 'en', ?, 3
      ${values.join('')})`,
    ...[mailId, email, email, queuedAt],
  )
}

/** One of each state. */
async function insertAll() {
  const problem = "'misconfigured: status 401'"
  await insertMail(upId, 1_000, { given_up_at: '2000', problem })
  await insertMail(waitingId, 3_000, { next_try_at: '9999999999' })
  await insertMail(voidId, 2_000, { next_try_at: '9999999999', code_id: "'no-code'" })
  await insertMail(sentId, 4_000, { sent_at: '4001' })
}

const suppress = () =>
  database.query('INSERT INTO portcullis_suppressed_addresses VALUES (?, 9999999999)', email)
const eventTargets = async () => {
  const sql =
    "SELECT target FROM portcullis_audit_events WHERE event = 'mail retry' AND seq > ? ORDER BY seq"
  return (await database.query(sql, eventsBefore)).map(({ target }) => target)
}
const inAll = 'The service sends what is due within five minutes, by its cron trigger.\n'

describe('npm run admin -- mail list', () => {
  it('shows a table, the newest first, without addresses', async () => {
    await insertAll()
    const { status, stdout, stderr } = mail('list')
    const [heads, ...rows] = stdout.trimEnd().split('\n')
    expect([status, stderr]).toEqual([0, ''])
    expect(heads).toMatch(/^id +kind +user +queued +tries +next try +problem$/)
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      expect.arrayContaining([waitingId, 'password_changed', '7', '2286-11-20T17:46:39.000Z']),
      expect.arrayContaining([voidId, 'never: its code is void']),
      expect.arrayContaining([upId, '3', 'given up', 'misconfigured: status 401']),
    ])
    expect(stdout).not.toContain(email)
    expect(mail('list', '--addresses').stdout.match(/ada@example\.com$/gm)).toHaveLength(3)
  })

  it('prints the same as JSON, on one line', async () => {
    await insertAll()
    const { mails, ...rest } = json('list')
    expect(rest).toEqual({ more: 0, suppressed: 0 })
    expect(mails.at(-1)).toEqual({
      ...{ id: upId, kind: 'password_changed', user_id: 7, tries: 3, code_void: false },
      ...{ queued_on: '1970-01-01T00:16:40.000Z', next_try_on: null },
      ...{ given_up_on: '1970-01-01T00:33:20.000Z', problem: 'misconfigured: status 401' },
    })
    expect(mails[1]).toMatchObject({ id: voidId, next_try_on: null, code_void: true })
    expect(json('list', '--addresses').mails[0].address).toBe(email)
  })

  it('shows those of one state', async () => {
    await insertAll()
    const idsOf = (option: string) =>
      json('list', option).mails.map((one: { id: string }) => one.id)
    expect(idsOf('--given-up')).toEqual([upId])
    expect(idsOf('--waiting')).toEqual([waitingId, voidId])
  })

  it('shows 100, and says how many more there are', async () => {
    for (let at = 0; at < 103; at += 1) {
      await insertMail(`mail-${String(at).padStart(11, '0')}`, at, { given_up_at: '1' })
    }
    const { stdout, stderr } = mail('list')
    expect(stdout.trimEnd().split('\n')).toHaveLength(101)
    expect([stderr, json('list').more]).toEqual(['3 more are not shown.\n', 3])
  })

  it('lists suppressed addresses, which it names only when asked', async () => {
    expect(mail('list', '--suppressed').stdout).toBe('No address is suppressed.\n')
    await suppress()
    const { stdout, stderr } = mail('list')
    expect([stdout, stderr]).toEqual([
      'No mail waits.\n',
      'Suppressed addresses: 1. They are listed with --suppressed.\n',
    ])
    expect(mail('list', '--suppressed').stdout).toBe('until\n2286-11-20T17:46:39.000Z\n')
    expect(json('list', '--suppressed', '--addresses')).toEqual({
      suppressed: [{ until: '2286-11-20T17:46:39.000Z', address: email }],
      more: 0,
    })
  })
})

describe('npm run admin -- mail retry', () => {
  it('makes mails due by their ids, once', async () => {
    await insertAll()
    const first = mail('retry', upId, waitingId, upId)
    expect([first.status, first.stdout]).toEqual([0, `2 made due, 0 due already. ${inAll}`])
    expect(mail('retry', upId).stdout).toBe(`0 made due, 1 due already. ${inAll}`)
    expect(await eventTargets()).toEqual([upId, waitingId])
    const [row] = await database.query(
      'SELECT next_try_at <= unixepoch() AS due, tries, given_up_at FROM portcullis_outgoing_mail WHERE id = ?',
      upId,
    )
    expect(row).toEqual({ due: 1, tries: 3, given_up_at: null })
  })

  it('does the others when it refuses some, and exits 5', async () => {
    await insertAll()
    const { status, stdout, stderr } = mail('retry', upId, voidId, sentId, unknownId, '--json')
    expect([status, JSON.parse(stdout)]).toEqual([
      5,
      {
        ...{ retried: 1, already_due: 0, left_out: 3 },
        reasons: { mail_unknown: 1, mail_sent: 1, code_void: 1 },
      },
    ])
    const { error, message } = JSON.parse(stderr)
    expect(error).toBe('partial')
    expect(message.split('\n')).toEqual([
      expect.stringMatching(`^${voidId} is not tried: its code was used.* must ask for another`),
      expect.stringMatching(`^${sentId} is not tried: it was sent already.`),
      expect.stringMatching(`^${unknownId} is not tried: there is no such mail.`),
    ])
    expect(await eventTargets()).toEqual([upId])
  })

  it('makes all due, more than one batch, and leaves out those that cannot be', async () => {
    await insertAll()
    for (let at = 0; at < 103; at += 1) {
      await insertMail(`mail-${String(at).padStart(11, '0')}`, at, { given_up_at: '1' })
    }
    const { status, stdout } = mail('retry', '--all')
    expect([status, stdout]).toEqual([
      0,
      `105 made due, 0 due already. 1 left out: their codes are void. ${inAll}`,
    ])
    expect(new Set(await eventTargets()).size).toBe(105)
    expect(json('retry', '--all')).toMatchObject({ retried: 0, already_due: 105, left_out: 1 })
  })

  it('refuses a suppressed address, until --unsuppress', async () => {
    await insertAll()
    await suppress()
    const { status, stdout, stderr } = mail('retry', upId)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('its address is suppressed')
    expect(mail('retry', '--all').stdout).toContain('2 left out: their addresses are suppressed')
    expect(await eventTargets()).toEqual([])
    expect(mail('retry', upId, '--unsuppress').status).toBe(0)
    expect(json('list').suppressed).toBe(0)
  })

  it.each([
    [2, ['list', '--waiting', '--given-up'], 'Give one of --given-up, --waiting and --suppressed.'],
    [2, ['retry'], 'Name mails by their ids, or --all.'],
    [2, ['retry', '--all', upId], 'Give ids or --all, not both.'],
    [2, ['retry', '--al'], 'neither an option nor the id of a mail'],
    [1, ['retry', unknownId], `${unknownId} is not tried: there is no such mail.`],
    [4, ['retry', '--all', '--url', 'http://127.0.0.1:9'], 'Not all of the mail was made due: the'],
    [4, ['list', '--url', 'http://127.0.0.1:9'], 'The mail was not read: the database'],
  ])('exits %i for %j and says what is wrong', (code, args, sentence) => {
    const { status, stdout, stderr } = mail(...args)
    expect([status, stdout, stderr]).toEqual([code, '', expect.stringContaining(sentence)])
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
