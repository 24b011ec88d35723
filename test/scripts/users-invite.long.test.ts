// Invitations by the command, up to the mail that a service sends.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshEmail } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { runNpm } from './commands.ts'

let database: ServedDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database?.stop())

const admin = (...args: string[]) =>
  runNpm('admin', args, { TURSO_DATABASE_URL: database.url, BCRYPT_COST: '4' })
const invite = (...args: string[]) => admin('users', 'invite', ...args)
const json = (...args: string[]) => JSON.parse(admin(...args, '--json').stdout)
const sending =
  'The service sends the mail within five minutes, if it has a MAILER; `mail list` shows it until then.\n'

describe('npm run admin -- users invite', () => {
  it('makes an account without a password, and queues the mail', async () => {
    const email = freshEmail()
    const { status, stdout } = invite(
      email,
      '--role',
      'editor',
      '--role',
      'admin',
      '--language',
      'de',
    )
    const shown = json('users', 'show', email)
    expect([status, stdout]).toEqual([
      0,
      `${email} is invited now, with the id ${shown.user_id}. ${sending}`,
    ])
    expect(shown).toMatchObject({ roles: ['admin', 'editor'], invited: true })
    expect(shown).toMatchObject({ email_verified_on: null, living_sessions: 0 })
    const [mail] = json('mail', 'list').mails
    expect(mail).toMatchObject({ kind: 'invitation', user_id: shown.user_id, code_void: false })
    const sql = `SELECT password_hash, u.language, m.language AS mailed FROM portcullis_users u
      JOIN portcullis_outgoing_mail m ON m.user_id = u.id WHERE email = ?`
    expect(await database.query(sql, email)).toMatchObject([
      { password_hash: '!', language: 'de', mailed: 'de' },
    ])
  })

  it('invites again, and voids the mail from before', () => {
    const email = freshEmail()
    const first = json('users', 'invite', email, '--role', 'editor')
    expect(first).toEqual({ user_id: first.user_id, email, roles: ['editor'], again: false })
    expect(json('users', 'invite', email.toUpperCase())).toEqual({ ...first, again: true })
    const again = invite(email, '--role', 'viewer')
    expect(again.stdout).toBe(
      `${email} is invited again. Links from before are void. The account has the id ${first.user_id}. ${sending}`,
    )
    expect(json('users', 'show', email).roles).toEqual(['viewer'])
    const mails: { user_id: number; code_void: boolean }[] = json('mail', 'list').mails
    const voids = mails.filter((one) => one.user_id === first.user_id).map((one) => one.code_void)
    expect(voids.sort()).toEqual([false, true, true])
  })

  it('shows in the list who has not accepted', () => {
    const email = freshEmail()
    invite(email)
    const rowOf = () =>
      admin('users', 'list')
        .stdout.split('\n')
        .find((row) => row.includes(email))
    expect(rowOf()).toMatch(/ yes +- +2/)
    expect(admin('users', 'show', email).stdout).toMatch(/^invited +yes, and not accepted$/m)
  })

  it('is taken back by users delete, with its mail', async () => {
    const email = freshEmail()
    const { user_id: userId } = json('users', 'invite', email)
    expect(admin('users', 'delete', email, '--yes').status).toBe(0)
    // The row of the mail stays for a day, and is not sent.
    for (const table of ['codes WHERE', 'outgoing_mail WHERE next_try_at IS NOT NULL AND']) {
      const sql = `SELECT count(*) AS n FROM portcullis_${table} user_id = ?`
      expect(await database.query(sql, userId)).toEqual([{ n: 0 }])
    }
  })

  it.each([
    ['an email that is none', 1, ['ada'], 'Give an email that can receive mail'],
    ['a domain without a dot', 1, ['ada@intern'], 'The domain of the email has no dot'],
    ['a role that is none', 2, ['a@b.example', '--role', 'a b'], 'a b is not a role'],
    ['an unknown language', 2, ['a@b.example', '--language', 'xx'], 'Allowed choices are en, de'],
  ])('refuses %s', (_, code, args, sentence) => {
    const { status, stderr } = invite(...args)
    expect([status, stderr]).toEqual([code, expect.stringContaining(sentence)])
  })

  it('refuses the email of an account that is in use', async () => {
    const email = freshEmail()
    invite(email)
    await database.query('UPDATE portcullis_users SET email_verified_at = 1 WHERE email = ?', email)
    const { status, stderr } = invite(email)
    expect([status, stderr]).toEqual([
      1,
      `${email} has an account already, which is in use or disabled, or an account can take it back; nothing was changed.\n`,
    ])
  })
})
