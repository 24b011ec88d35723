// Strangers can try to register the email of an account without end. Its events tell that once an
// hour, so that they do not push the others away.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { createTestService, freshEmail, post, registerAccount } from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const { app } = await createTestService()
const register = (email: string) =>
  post(app, '/auth/register', { email, password: 'a good password' })

async function idOf(email: string): Promise<number> {
  const sql = 'SELECT id FROM portcullis_users WHERE email = ?'
  const { rows } = await client.execute({ sql, args: [email] })
  return Number(rows[0]?.id)
}

async function eventsOf(userId: number): Promise<unknown[]> {
  const { rows } = await client.execute({
    sql: `SELECT event, outcome, d.seq IS NOT NULL AS has_details
      FROM portcullis_audit_events e LEFT JOIN portcullis_audit_details d USING (seq)
      WHERE user_id = ? ORDER BY e.seq`,
    args: [userId],
  })
  return rows.map(({ outcome, has_details }) => [outcome, has_details])
}

describe('a registration of an email that is taken', () => {
  it('is recorded once an hour, for each account', async () => {
    const [{ email }, other] = [await registerAccount(app), await registerAccount(app)]
    for (const one of [email, email, other.email, email]) {
      expect((await register(one)).body.code).toBe('email_taken')
    }
    const once = [
      ['success', 1],
      ['email_taken', 1],
    ]
    expect(await eventsOf(await idOf(email))).toEqual(once)
    expect(await eventsOf(await idOf(other.email))).toEqual(once)
  })

  it.each([
    ['an hour and more ago, again', 3_600, 2],
    ['within the hour, not again', 3_500, 1],
  ])('is recorded, if it was recorded %s', async (_, secondsAgo, count) => {
    const { email } = await registerAccount(app)
    await client.execute({
      sql: `INSERT INTO portcullis_audit_events (at, event, outcome, actor, user_id)
        VALUES (unixepoch() - ?, 'register', 'email_taken', 'user', ?)`,
      args: [secondsAgo, await idOf(email)],
    })
    await register(email)
    const taken = (await eventsOf(await idOf(email))) as [string, number][]
    expect(taken.filter(([outcome]) => outcome === 'email_taken')).toHaveLength(count)
  })

  it('gives a new account its own event, whatever others did', async () => {
    const email = freshEmail()
    expect((await register(email)).status).toBe(201)
    await register(email)
    expect((await eventsOf(await idOf(email))).length).toBe(2)
  })
})
