// The mail server is down for an hour while 100 mails wait. They are tried with growing pauses.
// When it is back, each one arrives once, and its code is good.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { startTarget, type Target } from '../contract/targets.ts'
import {
  type Answer,
  bearing,
  createClientOf,
  freshEmail,
  send,
  tokensOf,
} from '../support/client.ts'
import { doAtOnce } from '../support/limited-servers.ts'
import { type MailApiServer, startMailApi } from '../support/mail-api.ts'
import { codeIn } from '../support/mailed-code.ts'
import { until } from '../support/server.ts'

const accounts = 25
const kinds = ['password_changed', 'reset_password', 'sign_in', 'verify_email']
const mails = accounts * kinds.length
const pausesSeconds = [60, 120, 240, 480, 960, 1_920]
/** A request sends four mails after its answer. */
const requestsPerRound = mails / 4 + 5

let api: MailApiServer
let target: Target
beforeAll(async () => {
  api = await startMailApi()
  target = await startTarget('workerd', inject('bundle'), {
    MAIL_API_URL: `${api.url}/sent/emails`,
  })
})
afterAll(async () => {
  await target?.stop()
  await api?.stop()
})

/** Queues a mail of each kind to a new account. Gives the answer with the handle of the login. */
async function queueMails(): Promise<{ readonly email: string; readonly asked: Answer }> {
  const client = createClientOf(target.baseUrl)
  const account = { email: freshEmail(), password: 'a good password' }
  const { token } = tokensOf(await client.register(account))
  const changed = await client.changePassword(token, {
    ...{ password: account.password, new_password: 'another good password' },
  })
  const asked = await client.emailCode(account.email)
  const others = await Promise.all([
    client.forgotPassword(account.email),
    send(`${target.baseUrl}/auth/email-verification`, {
      method: 'POST',
      ...bearing(tokensOf(changed).token),
    }),
  ])
  expect([changed, asked, ...others].map(({ status }) => status)).toEqual([200, 200, 200, 200])
  return { email: account.email, asked }
}

/** Lets the service send what is due, until a condition holds. */
async function sendUntil(isDone: () => boolean | Promise<boolean>): Promise<void> {
  const client = createClientOf(target.baseUrl)
  await until(async () => {
    // Nobody has these emails, so nothing more is queued.
    await Promise.all(
      Array.from({ length: requestsPerRound }, () => client.emailCode(freshEmail())),
    )
    return isDone()
  }, 60_000)
}

/** Whether all mails have failed so often. What becomes of a try is logged after it is stored. */
function haveFailed(tries: number): boolean {
  const lines = target.log().filter((line) => line.event === 'mail_not_sent')
  return lines.filter((line) => line.tries === tries).length === mails
}

async function areSent(): Promise<boolean> {
  const sql = 'SELECT count(*) AS sent FROM portcullis_outgoing_mail WHERE sent_at IS NOT NULL'
  return (await target.database.query(sql))[0]?.sent === mails
}

async function passTime(seconds: number): Promise<void> {
  const back = (...columns: string[]) =>
    columns.map((column) => `${column} = ${column} - ${seconds}`).join(', ')
  const { query } = target.database
  await query(`UPDATE portcullis_outgoing_mail SET ${back('created_at', 'next_try_at')}`)
  const ofCode = back('created_at', 'code_expires_at', 'link_expires_at')
  await query(`UPDATE portcullis_codes SET ${ofCode}`)
  await query(`UPDATE portcullis_code_handles SET ${back('created_at')}`)
}

it('sends each of 100 mails once after an hour without a mail server', async () => {
  const { query } = target.database
  const port = Number(new URL(api.url).port)
  await api.stop()
  const owners = await doAtOnce(accounts, 5, queueMails)
  for (const [tried, pauseSeconds] of pausesSeconds.entries()) {
    await sendUntil(() => haveFailed(tried + 1))
    const waiting = await query(
      `SELECT min(next_try_at - unixepoch()) AS shortest, max(next_try_at - unixepoch()) AS longest,
        count(*) AS mails, count(sent_at) + count(given_up_at) AS done FROM portcullis_outgoing_mail`,
    )
    expect(waiting).toEqual([{ ...waiting[0], mails, done: 0 }])
    expect(waiting[0]?.longest).toBeLessThanOrEqual(pauseSeconds)
    expect(waiting[0]?.shortest).toBeGreaterThan(pauseSeconds - 30)
    await passTime(pauseSeconds)
  }
  api = await startMailApi(port)
  await sendUntil(areSent)
  // Once more, for what could come twice.
  await sendUntil(areSent)

  const rows = await query('SELECT id, kind, recipient FROM portcullis_outgoing_mail ORDER BY kind')
  expect(rows).toHaveLength(mails)
  expect([...new Set(rows.map(({ kind }) => kind))]).toEqual(kinds)
  expect([...api.asked.keys()].sort()).toEqual(rows.map(({ id }) => String(id)).sort())
  expect([...api.asked.values()].map((copies) => copies.length)).toEqual(rows.map(() => 1))
  const logins = await doAtOnce(accounts, 5, async (at) => {
    const { email, asked } = owners[at] ?? expect.fail('no account')
    const its = rows.find((row) => row.recipient === email && row.kind === 'sign_in')
    const { text } = JSON.parse(api.asked.get(String(its?.id))?.[0]?.body ?? '{}')
    const client = createClientOf(target.baseUrl)
    return client.loginByCode({ handle: asked.body.handle, code: codeIn({ text }) })
  })
  expect(logins.map(({ status }) => status)).toEqual(logins.map(() => 200))
})
