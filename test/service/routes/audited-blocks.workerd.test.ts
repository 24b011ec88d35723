// A block of too many wrong passwords is one event, however many attempts it refuses.

import { createClient } from '@libsql/client/http'
import { expect, inject, it } from 'vitest'
import { createLimitedService, insistOnLogin, tryLogin } from '../../support/attempts.ts'
import {
  createCountingDatabase,
  freshEmail,
  logout,
  postWith,
  registerAccount,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const freeAttempts = 3
const counting = createCountingDatabase()
const { app } = await createLimitedService({ FREE_ATTEMPTS: '3' }, { database: counting })

async function outcomesOf(email: string): Promise<unknown[]> {
  const { rows } = await client.execute({
    sql: `SELECT outcome FROM portcullis_audit_events WHERE user_id =
      (SELECT id FROM portcullis_users WHERE email = ?) AND event <> 'register' ORDER BY seq`,
    args: [email],
  })
  return rows.map(({ outcome }) => outcome)
}

const lastEvent = async () => {
  const { rows } = await client.execute('SELECT max(seq) AS seq FROM portcullis_audit_events')
  return Number(rows[0]?.seq)
}
const makeDelaysLonger = () =>
  client.execute('UPDATE portcullis_attempts SET last_at = last_at + 60 WHERE count > 1')
const endDelays = () => client.execute('UPDATE portcullis_attempts SET last_at = last_at - 120')

/** An email whose free attempts are used up. */
async function close(email: string): Promise<string> {
  for (let tried = 0; tried < freeAttempts; tried += 1) await tryLogin(app, { email })
  await makeDelaysLonger()
  return email
}
const closedAccount = async () => close((await registerAccount(app)).email)
const attempted = Array.from({ length: freeAttempts }, () => 'attempted')

it('fifty attempts at once that are all refused are one event', async () => {
  const email = await closedAccount()
  const attempts = Array.from({ length: 50 }, () => insistOnLogin(app, { email }))
  expect(new Set(await Promise.all(attempts))).toEqual(new Set([429]))
  expect(await outcomesOf(email)).toEqual([...attempted, 'too_many_attempts'])
})

it('fifty first attempts at once are as many events as are checked, and one for the block', async () => {
  const { email } = await registerAccount(app)
  const attempts = Array.from({ length: 50 }, () => insistOnLogin(app, { email }))
  const checked = (await Promise.all(attempts)).filter((status) => status === 404).length
  const outcomes = await outcomesOf(email)
  expect(outcomes.filter((outcome) => outcome === 'attempted')).toHaveLength(checked)
  // A slow machine may let a delay of a second pass meanwhile: then there is another block.
  const blocks = outcomes.filter((outcome) => outcome === 'too_many_attempts').length
  expect(blocks).toBeGreaterThan(0)
  expect(blocks).toBeLessThanOrEqual(1 + checked - freeAttempts)
})

it('the next block is another event', async () => {
  const email = await closedAccount()
  expect(await insistOnLogin(app, { email })).toBe(429)
  await endDelays()
  expect(await insistOnLogin(app, { email })).toBe(404)
  await makeDelaysLonger()
  expect(await insistOnLogin(app, { email })).toBe(429)
  expect(await insistOnLogin(app, { email })).toBe(429)
  expect(await outcomesOf(email)).toEqual([
    ...attempted,
    ...['too_many_attempts', 'attempted', 'too_many_attempts'],
  ])
})

it('another source that is let through does not begin the block anew', async () => {
  const email = await closedAccount()
  for (const other of ['198.51.100.1', '198.51.100.2']) {
    expect(await insistOnLogin(app, { email })).toBe(429)
    expect(await insistOnLogin(app, { email, address: other })).toBe(404)
  }
  expect(await insistOnLogin(app, { email })).toBe(429)
  expect(await outcomesOf(email)).toEqual([
    ...[...attempted, 'too_many_attempts', 'attempted', 'attempted'],
  ])
})

it('the second refusal is one round trip, and writes nothing', async () => {
  for (const one of [(await registerAccount(app)).email, freshEmail()]) {
    const email = await close(one)
    expect(await insistOnLogin(app, { email })).toBe(429)
    const before = await lastEvent()
    counting.roundTrips = 0
    expect(await insistOnLogin(app, { email })).toBe(429)
    expect([counting.roundTrips, await lastEvent()]).toEqual([1, before])
  }
})

it('a token that is revoked marks no block', async () => {
  const { email, token } = await registerAccount(app)
  const again = () => postWith(app, '/auth/reauthenticate', token, { password: 'wrong' })
  for (let tried = 0; tried < freeAttempts; tried += 1) await again()
  await makeDelaysLonger()
  await logout(app, token)
  expect((await again()).status).toBe(401)
  expect(await outcomesOf(email)).toEqual([...attempted, 'success'])
})
