import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../contract/row.ts'
import { startTarget, type Target } from '../contract/targets.ts'
import { createClientOf, freshEmail } from '../support/client.ts'

describe.each(['workerd', 'Deno'] as const)('on %s', (platform) => {
  let target: Target
  const client = () => createClientOf(target.baseUrl)

  beforeAll(async () => {
    target = await startTarget(platform, inject('bundle'), {})
  })
  afterAll(() => target?.stop())

  it('gives an email to one of 50 simultaneous registrations, and that account logs in', async () => {
    const email = freshEmail()
    const passwords = Array.from({ length: 50 }, (_, number) => `password number ${number}`)
    const answers = await Promise.all(
      passwords.map((password) => client().register({ email, password })),
    )
    const winners = passwords.filter((_, number) => answers[number]?.status === 201)
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(49)
    const logins = await Promise.all(
      passwords.map((password) => client().login({ email, password })),
    )
    expect(passwords.filter((_, number) => logins[number]?.status === 200)).toEqual(winners)
    const rows = await target.database.query(
      'SELECT 1 FROM portcullis_users WHERE email = ?',
      email,
    )
    expect(rows).toHaveLength(1)
  })

  it('gives an email to one of 50 simultaneous registrations in two spellings', async () => {
    const local = freshEmail().replace(/@.*/, '')
    const domains = ['münchen.example.com', 'xn--mnchen-3ya.example.com']
    const emails = Array.from({ length: 50 }, (_, number) => `${local}@${domains[number % 2]}`)
    const answers = await Promise.all(emails.map((email) => client().register({ email, password })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(49)
    for (const email of emails.slice(0, 2)) {
      expect((await client().login({ email, password })).status).toBe(200)
    }
  })

  it('logs a token out for one of 50 simultaneous requests', async () => {
    const token = await client().token()
    const before = await target.database.query('SELECT 1 FROM portcullis_revoked_tokens')
    const answers = await Promise.all(Array.from({ length: 50 }, () => client().logout(token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'token_revoked')).toHaveLength(49)
    const after = await target.database.query('SELECT 1 FROM portcullis_revoked_tokens')
    expect(after.length - before.length).toBe(1)
  })

  it('gives 50 simultaneous uses of one refresh token the same valid successor', async () => {
    const { refreshToken } = await client().tokens()
    const present = () => client().refresh(refreshToken)
    const answers = await Promise.all(Array.from({ length: 50 }, present))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const successors = new Set(answers.map(({ body }) => String(body.refresh_token)))
    expect(successors.size).toBe(1)
    const [sessionId = ''] = refreshToken.split('.')
    const sql = 'SELECT version FROM portcullis_sessions WHERE id = ?'
    expect(await target.database.query(sql, sessionId)).toEqual([{ version: 2 }])
    expect((await client().refresh([...successors].join())).status).toBe(200)
  })

  it('answers 100 simultaneous connections on every endpoint', async () => {
    const accounts = Array.from({ length: 100 }, () => ({
      email: freshEmail(),
      password: 'a good password',
    }))
    const atOnce = async (
      ask: (account: (typeof accounts)[number], place: number) => Promise<{ status: number }>,
    ) => {
      const answers = await Promise.all(accounts.map(ask))
      return [...new Set(answers.map(({ status }) => status))]
    }
    const tokens: string[] = []
    expect(
      await atOnce(async (account, place) => {
        const answer = await client().register(account)
        tokens[place] = String(answer.body.auth_token)
        return answer
      }),
    ).toEqual([201])
    expect(await atOnce((account) => client().login(account))).toEqual([200])
    expect(await atOnce((_, place) => client().status(tokens[place] ?? ''))).toEqual([200])
    expect(await atOnce(() => client().ready())).toEqual([200])
    expect(await atOnce((_, place) => client().logout(tokens[place] ?? ''))).toEqual([200])
    expect(await atOnce((_, place) => client().status(tokens[place] ?? ''))).toEqual([401])
  })
})
