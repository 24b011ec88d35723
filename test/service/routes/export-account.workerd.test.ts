// The owner of an account gets what is stored of it, and nothing of anybody else.

import { createClient } from '@libsql/client/http'
import { expect, inject, it } from 'vitest'
import { createMailingService } from '../../support/mail.ts'
import {
  ask,
  bearing,
  changeAccount,
  createCountingDatabase,
  createTestService,
  post,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const { app, settle } = await createMailingService()
const client = createClient({ url: inject('databaseUrl') })
const exported = async (token: string) => ask(app, '/auth/export', bearing(token))

interface Exported {
  readonly account: Record<string, unknown>
  readonly sessions: readonly { readonly current: boolean }[]
  readonly events: readonly { readonly id: number; readonly event: string }[]
  readonly next_events: number | null
  readonly mails: readonly Record<string, unknown>[]
  readonly codes: readonly Record<string, unknown>[]
}

it('has the account, its sessions, events, mails and codes, as a file that nobody caches', async () => {
  const { email, token } = await registerAccount(app)
  const { body: asked } = await postWith(app, '/auth/email-verification', token, {})
  await settle()
  const { status, headers, body } = await exported(token)
  expect(status).toBe(200)
  expect(headers.get('Content-Disposition')).toBe('attachment; filename="account.json"')
  expect(headers.get('Cache-Control')).toBe('no-store')
  const data = body.data as Exported
  expect(data.account).toMatchObject({ email, password_set: true, language: null })
  expect(data.account).toMatchObject({ email_verified: false, deletes_on: null })
  const listed = async (path: string) => (await ask(app, path, bearing(token))).body.data
  expect({ sessions: data.sessions }).toEqual(await listed('/auth/sessions'))
  expect({ events: data.events, next: data.next_events }).toEqual(await listed('/auth/events'))
  expect(data.mails).toMatchObject([{ kind: 'verify_email', address: email, device: null }])
  expect(data.mails[0]?.sent_on).toEqual(expect.any(String))
  expect(data.codes).toMatchObject([{ purpose: 'verify_email', used_on: null }])
  expect(JSON.stringify(body)).not.toContain(asked.handle)
  expect(JSON.stringify(body)).not.toContain('$2')
})

it('has nothing of another account', async () => {
  const stranger = await registerAccount(app)
  await post(app, '/auth/forgot-password', { email: stranger.email })
  const { token } = await registerAccount(app)
  const { body } = await exported(token)
  expect(JSON.stringify(body)).not.toContain(stranger.email)
  expect(body.data).toMatchObject({ mails: [], codes: [] })
})

it('says when the account has no password, and when it will be deleted', async () => {
  const { email, token } = await registerAccount(app)
  await changeAccount(email, "password_hash = '!', deletion_due_at = 1800000000, language = 'de'")
  const { account } = (await exported(token)).body.data as Exported
  expect(account.deletes_on).toBe('2027-01-15T08:00:00.000Z')
  expect([account.language, account.password_set]).toEqual(['de', false])
})

it('has the newest 1,000 events, and says where the others are; in one round trip', async () => {
  const counting = createCountingDatabase()
  const { app } = await createTestService({}, { database: counting })
  const { token } = await registerAccount(app)
  const { data } = (await ask(app, '/auth/status', bearing(token))).body
  const { user_id } = data as { user_id: number }
  await client.execute({
    sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
      INSERT INTO portcullis_audit_events (at, event, outcome, actor, user_id)
      SELECT unixepoch(), 'login', 'success', 'user', ? FROM n`,
    args: [user_id],
  })
  counting.roundTrips = 0
  const { body } = await ask(app, '/auth/export', bearing(token))
  expect(counting.roundTrips).toBe(1)
  const { events, next_events } = body.data as Exported
  expect([events.length, next_events]).toEqual([1_000, events.at(-1)?.id])
})
