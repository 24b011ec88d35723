// The language of the mails to an account, as its owner sets it.

import { createClient } from '@libsql/client/http'
import { expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import {
  ask,
  bearing,
  changeAccount,
  createCountingDatabase,
  logout,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const database = createCountingDatabase()
const service = await createMailingService({}, { database })
const { app, mailbox } = service
const client = createClient({ url: inject('databaseUrl') })
const setLanguage = (token: string, language: unknown) =>
  postWith(app, '/auth/language', token, { language })

async function languageOf(token: string) {
  const { body } = await ask(app, '/auth/status', bearing(token))
  return (body.data as { language?: unknown }).language
}

async function eventsOf(token: string) {
  const { body } = await ask(app, '/auth/events', bearing(token))
  const { events } = body.data as { events: { event: string; outcome: string }[] }
  return events.filter(({ event }) => event === 'setLanguage').map(({ outcome }) => outcome)
}

it('sets the language of the mails, which the status and the export show, in one round trip', async () => {
  const { email, token } = await registerAccount(app)
  expect(await languageOf(token)).toBeNull()
  database.roundTrips = 0
  const answer = await setLanguage(token, 'de')
  expect(database.roundTrips).toBe(1)
  expect([answer.status, answer.body.data]).toEqual([200, expect.objectContaining({ email })])
  expect(answer.body.data).toMatchObject({ language: 'de' })
  expect(await languageOf(token)).toBe('de')
  const exported = await ask(app, '/auth/export', bearing(token))
  expect(exported.body.data).toMatchObject({ account: { language: 'de' } })
  await post(app, '/auth/forgot-password', { email })
  await service.settle()
  expect(mailbox.to(email).at(-1)?.subject).toBe('Neues Passwort für Example')
})

it('takes the language of each request again with null', async () => {
  const { email, token } = await registerAccount(app)
  await setLanguage(token, 'de')
  expect((await setLanguage(token, null)).body.data).toMatchObject({ language: null })
  await post(app, '/auth/forgot-password', { email })
  await service.settle()
  expect(mailbox.to(email).at(-1)?.subject).toBe('Set a new password for Example')
})

it('is an event of the audit if it is another language than before', async () => {
  const { token } = await registerAccount(app)
  for (const language of [null, 'de', 'de', 'en', null, null]) await setLanguage(token, language)
  expect(await eventsOf(token)).toEqual(['success', 'success', 'success'])
})

it.each([
  ['fr', 'it is a string'],
  ['', 'it is a string'],
  ['DE', 'it is a string'],
  [7, 'it is a number'],
  [undefined, 'it is missing'],
  [['de'], 'it is a list'],
])('refuses %j', async (language, what) => {
  const { token } = await registerAccount(app)
  const { status, body } = await setLanguage(token, language)
  const message = `Give the language as en or de, or as null: ${what}.`
  expect([status, body.errors]).toEqual([422, [{ field: 'language', message }]])
  expect(await languageOf(token)).toBeNull()
})

it('changes nothing for a revoked token, or for a disabled account', async () => {
  const [one, other] = [await registerAccount(app), await registerAccount(app)]
  await logout(app, one.token)
  await changeAccount(other.email, 'disabled_at = 1')
  for (const { token, email } of [one, other]) {
    const answer = await setLanguage(token, 'de')
    expect(answer.status).toBeGreaterThanOrEqual(401)
    const sql = 'SELECT language FROM portcullis_users WHERE email = ?'
    expect((await client.execute({ sql, args: [email] })).rows[0]?.language).toBeNull()
  }
})
