// Mail that is not sent: listed with what will become of it, and made due again.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import {
  findUnsentMailIds,
  listSuppressedAddresses,
  listUnsentMail,
  retryMail,
} from '../../../src/service/store/mail-administration.ts'
import { createMailingService } from '../../support/mail.ts'
import { codeIn } from '../../support/mailed-code.ts'
import { database, post, registerAccount, testEntry } from '../../support/service.ts'

const service = await createMailingService()
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const change = (sql: string, ...args: (string | number)[]) => client.execute({ sql, args })
const day = 86_400

async function mailRow(email: string) {
  const sql =
    'SELECT *, unixepoch() AS now, typeof(next_try_at) AS type FROM portcullis_outgoing_mail WHERE recipient = ?'
  const { rows } = await change(sql, email)
  return { ...rows[0] }
}

/** A mail that was given up a day ago, or `days` ago, with the code that it carries. */
async function givenUpMail(days = 1) {
  const { email, password } = await registerAccount(app)
  mailbox.failure = { kind: 'mail_refused', problem: 'test' }
  const { body } = await post(app, '/auth/forgot-password', { email })
  await service.settle()
  mailbox.failure = undefined
  await change(
    'UPDATE portcullis_outgoing_mail SET created_at = created_at - ? WHERE recipient = ?',
    ...[days * day, email],
  )
  await change('UPDATE portcullis_codes SET code_expires_at = 7 WHERE address = ?', email)
  const { id } = await mailRow(email)
  return { email, password, id: String(id), handle: String(body.handle) }
}

const suppress = (email: string) =>
  change('INSERT INTO portcullis_suppressed_addresses VALUES (?, unixepoch() + 900)', email)

async function retry(mailId: string, liftsSuppression = false) {
  const how = { liftsSuppression, entry: { ...testEntry, event: `retry ${mailId}` } }
  return (await retryMail(database, [mailId], how)).get(mailId)
}

async function eventsOf(mailId: string) {
  const sql = 'SELECT outcome, user_id, target FROM portcullis_audit_events WHERE event = ?'
  return (await change(sql, `retry ${mailId}`)).rows.map((row) => ({ ...row }))
}

const listed = async (mailId: string) =>
  (await listUnsentMail(database, 1_000)).mails.find((one) => one.mailId === mailId)

describe('a retry', () => {
  it('sends a mail that was given up, with a code that is good again', async () => {
    const { email, id, handle } = await givenUpMail()
    expect(await retry(id)).toBe('retried')
    await service.sendMail({})
    const body = {
      handle,
      code: codeIn(mailbox.to(email).at(-1)),
      new_password: 'another password',
    }
    expect((await post(app, '/auth/reset-password', body)).status).toBe(200)
  })

  it('keeps the tries, gives another day, and records it once', async () => {
    const { email, id } = await givenUpMail(3)
    expect([await retry(id), await retry(id)]).toEqual(['retried', 'due'])
    const row = await mailRow(email)
    expect(row).toMatchObject({ tries: 1, given_up_at: null, type: 'integer' })
    expect(Math.abs(Number(row.next_try_at) - Number(row.now))).toBeLessThan(20)
    expect(await eventsOf(id)).toEqual([{ outcome: 'success', user_id: row.user_id, target: id }])
    mailbox.failure = { kind: 'later', problem: 'test' }
    await service.sendMail({})
    mailbox.failure = undefined
    expect(await mailRow(email)).toMatchObject({ tries: 2, given_up_at: null })
  })

  it('makes a waiting mail due after the time that a sender may still need for it', async () => {
    const { email, id } = await givenUpMail()
    const wait = 'given_up_at = NULL, next_try_at = unixepoch() + 7000'
    await change(`UPDATE portcullis_outgoing_mail SET ${wait} WHERE id = ?`, id)
    expect([await retry(id), await retry(id)]).toEqual(['retried', 'due'])
    const { next_try_at, now } = await mailRow(email)
    const seconds = Number(next_try_at) - Number(now)
    expect(seconds).toBeLessThanOrEqual(30)
    expect(seconds).toBeGreaterThan(10)
  })

  it('keeps the time that a mail about a changed password tells', async () => {
    const { email, id } = await givenUpMail(2)
    const kind = "kind = 'password_changed', code_id = NULL"
    await change(`UPDATE portcullis_outgoing_mail SET ${kind} WHERE id = ?`, id)
    const before = await mailRow(email)
    expect(await retry(id)).toBe('retried')
    expect((await mailRow(email)).created_at).toBe(before.created_at)
  })

  it.each([
    ['code_void', 'UPDATE portcullis_codes SET used_at = 1 WHERE address = ?'],
    ['code_void', 'DELETE FROM portcullis_codes WHERE address = ?'],
    ['code_void', 'UPDATE portcullis_users SET disabled_at = 1 WHERE email = ?'],
    [
      'mail_sent',
      'UPDATE portcullis_outgoing_mail SET sent_at = 1, given_up_at = NULL WHERE recipient = ?',
    ],
  ])('refuses with %s after %j, and changes nothing', async (reason, sql) => {
    const { email, id } = await givenUpMail()
    await change(sql, email)
    await suppress(email)
    const { now: _, ...before } = await mailRow(email)
    expect([await retry(id), await retry(id, true)]).toEqual([reason, reason])
    expect(await mailRow(email)).toMatchObject(before)
    expect(await eventsOf(id)).toEqual([])
    const sqlOf = 'SELECT until FROM portcullis_suppressed_addresses WHERE recipient = ?'
    expect((await change(sqlOf, email)).rows).toHaveLength(1)
  })

  it('refuses an unknown mail', async () => {
    expect(await retry(createRandomId(systemRuntime))).toBe('mail_unknown')
  })

  it('refuses a suppressed address, unless the suppression is lifted', async () => {
    const { email, id } = await givenUpMail()
    await suppress(email)
    const other = await givenUpMail()
    await suppress(other.email)
    expect(await retry(id)).toBe('address_suppressed')
    expect(await eventsOf(id)).toEqual([])
    expect([await retry(id, true), await retry(id, true)]).toEqual(['retried', 'due'])
    expect(await eventsOf(id)).toHaveLength(1)
    const { addresses } = await listSuppressedAddresses(database, 1_000)
    expect(addresses.map(({ recipient }) => recipient)).not.toContain(email)
    expect(addresses.map(({ recipient }) => recipient)).toContain(other.email)
  })

  it('of several at once, records one', async () => {
    const { id } = await givenUpMail()
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => retry(id)))
    expect(outcomes.filter((one) => one === 'retried')).toHaveLength(1)
    expect(await eventsOf(id)).toHaveLength(1)
  })

  it('treats each mail of a batch by itself', async () => {
    const [one, other] = [await givenUpMail(), await givenUpMail()]
    await suppress(one.email)
    const how = { liftsSuppression: false, entry: testEntry }
    expect([...(await retryMail(database, [one.id, other.id], how)).values()]).toEqual([
      'address_suppressed',
      'retried',
    ])
  })
})

describe('the list of mail', () => {
  it('has the newest first, and counts what it leaves out', async () => {
    const [old, recent] = [await givenUpMail(90), await givenUpMail(-90)]
    const { mails, all } = await listUnsentMail(database, 1)
    expect(mails.map(({ mailId }) => mailId)).toEqual([recent.id])
    expect(all).toBeGreaterThan(1)
    const everything = await listUnsentMail(database, 1_000)
    expect(everything.mails.at(-1)?.mailId).toBe(old.id)
    expect(everything.all).toBe(everything.mails.length)
  })

  it('tells the mails that wait from those that were given up', async () => {
    const [up, waiting] = [await givenUpMail(), await givenUpMail()]
    await retry(waiting.id)
    const idsOf = async (state: 'waiting' | 'given_up') =>
      (await listUnsentMail(database, 1_000, state)).mails.map(({ mailId }) => mailId)
    const [ofWaiting, ofGivenUp] = [await idsOf('waiting'), await idsOf('given_up')]
    expect([ofWaiting.includes(waiting.id), ofWaiting.includes(up.id)]).toEqual([true, false])
    expect([ofGivenUp.includes(waiting.id), ofGivenUp.includes(up.id)]).toEqual([false, true])
  })

  it('says whose code is void, and has no mail that was sent', async () => {
    const { email, id } = await givenUpMail()
    expect(await listed(id)).toMatchObject({ address: email, isUseless: false })
    await change('UPDATE portcullis_codes SET used_at = 1 WHERE address = ?', email)
    expect(await listed(id)).toMatchObject({ isUseless: true, problem: 'mail_refused: test' })
    await change('UPDATE portcullis_outgoing_mail SET sent_at = 1 WHERE id = ?', id)
    expect(await listed(id)).toBeUndefined()
  })

  it('has no suppression that is over', async () => {
    const { email } = await givenUpMail()
    await suppress(email)
    const before = (await listUnsentMail(database, 1)).suppressed
    await change('UPDATE portcullis_suppressed_addresses SET until = 1 WHERE recipient = ?', email)
    expect((await listUnsentMail(database, 1)).suppressed).toBe(before - 1)
  })

  it('has each id once, in pages', async () => {
    const ids: string[] = []
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page = await findUnsentMailIds(database, after, 3)
      ids.push(...page)
      after = page.at(-1)
    }
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength((await listUnsentMail(database, 1)).all)
  })
})
