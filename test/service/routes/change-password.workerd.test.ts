// The change of a password: who may change it, what ends, what goes on, and what the caller gets.

import { createClient } from '@libsql/client/http'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { createApp } from '../../../src/service/app.ts'
import { createDeps } from '../../../src/service/service.ts'
import { countsOf } from '../../support/attempts.ts'
import { createInterruptedDatabase, once } from '../../support/between-round-trips.ts'
import { createMailingService } from '../../support/mail.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  claimsOf,
  createCountingDatabase,
  createTestService,
  database,
  deleteAccount,
  freshEmail,
  logout,
  passTime,
  post,
  postForm,
  postWith,
  pretend,
  refreshWith,
  registerAccount,
  sessionIdOf,
  type Tokens,
  tokensOf,
} from '../../support/service.ts'

const newPassword = 'another good password'
const { app, clock } = await createTestService()
const client = createClient({ url: inject('databaseUrl') })
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status
const said = ({ status, body }: Answer) => [status, body.code]
const login = (email: string, password: string) => post(app, '/auth/login', { email, password })
const change = (token: string, body: object, service = app) =>
  postWith(service, '/auth/change-password', token, { new_password: newPassword, ...body })
const membersOf = ({ body }: Answer) => Object.keys(body).sort()
const freshLogin = ({ refreshToken }: Pick<Tokens, 'refreshToken'>) => ({
  refresh_token: refreshToken,
})
const isStale = (refreshToken: string) =>
  pretend('authenticated_at = authenticated_at - 301', refreshToken)

async function rowsOf(email: string) {
  const { rows } = await client.execute({
    sql: `SELECT u.password_hash, u.password_version, u.token_generation, s.*
      FROM portcullis_users u LEFT JOIN portcullis_sessions s ON s.user_id = u.id
      WHERE u.email = ? ORDER BY s.id`,
    args: [email],
  })
  return rows.map((row) => ({ ...row }))
}

it('tells the owner by mail that the password was changed, and by which device', async () => {
  const mailing = await createMailingService()
  const { email, password, token } = await registerAccount(mailing.app)
  const answer = await ask(mailing.app, '/auth/change-password', {
    method: 'POST',
    headers: {
      ...bearing(token).headers,
      'Content-Type': 'application/json',
      'User-Agent': 'curl/8',
    },
    body: JSON.stringify({ password, new_password: newPassword }),
  })
  expect(answer.status).toBe(200)
  await mailing.settle()
  const [mail, ...others] = mailing.mailbox.to(email)
  expect(others).toEqual([])
  expect(mail?.subject).toBe('Your password for Example was changed')
  expect(mail?.text).toContain('curl')
})

let account: Awaited<ReturnType<typeof registerAccount>>
let other: Tokens
beforeEach(async () => {
  account = await registerAccount(app)
  other = tokensOf(await login(account.email, account.password))
})

describe('a changed password', () => {
  it.each([
    ['the old password', () => ({ password: account.password })],
    ['a fresh login and its refresh token', () => freshLogin(account)],
  ])('by %s logs in, and the old one does not', async (_, proof) => {
    const answer = await change(account.token, proof())
    expect([answer.status, answer.body.message]).toEqual([200, 'Password changed.'])
    expect(said(await login(account.email, account.password))).toEqual([404, 'invalid_credentials'])
    expect((await login(account.email, newPassword)).status).toBe(200)
  })

  it('is stored in its normal form', async () => {
    const answer = await change(account.token, {
      new_password: 'Pa\u0308sswort',
      ...freshLogin(account),
    })
    expect(answer.status).toBe(200)
    expect((await login(account.email, 'P\u00e4sswort')).status).toBe(200)
  })

  it('ends every access token and all other sessions, and no account but its own', async () => {
    const stranger = await registerAccount(app)
    await change(account.token, { password: account.password })
    expect([await status(account.token), await status(other.token)]).toEqual([401, 401])
    expect(said(await refreshWith(app, other.refreshToken))).toEqual([401, 'session_revoked'])
    const next = await refreshWith(app, account.refreshToken)
    expect([next.status, await status(tokensOf(next).token)]).toEqual([200, 200])
    expect(await status(stranger.token)).toBe(200)
    const { gen } = claimsOf(account.token)
    const { body } = await post(app, '/auth/feed/check', { ids: [gen] })
    expect(body.revoked).toEqual([gen])
  })

  it('keeps the other sessions if the user wants that, but no access token', async () => {
    const answer = await change(account.token, { ...freshLogin(account), keep_sessions: true })
    expect(answer.status).toBe(200)
    expect([await status(account.token), await status(other.token)]).toEqual([401, 401])
    for (const { refreshToken } of [tokensOf(answer), other]) {
      const next = await refreshWith(app, refreshToken)
      expect([next.status, await status(tokensOf(next).token)]).toEqual([200, 200])
    }
  })

  it('keeps the session of the caller, however often the account was logged out just now', async () => {
    await changeAccount(
      account.email,
      'logouts_everywhere = 9, logouts_everywhere_since = unixepoch()',
    )
    const { refreshToken } = tokensOf(await change(account.token, freshLogin(account)))
    expect((await refreshWith(app, refreshToken)).status).toBe(200)
  })

  it.each([
    ['', {}],
    ['that keeps sessions ', { keep_sessions: true }],
  ])(
    '%smakes device tokens from before strangers, and gives one that is known',
    async (_, keep) => {
      const { email, password } = account
      const before = (await login(email, password)).body.device_token
      const after = (await change(account.token, { password, ...keep })).body.device_token
      const versions = [before, after].map((token) => String(token).split('.')[2])
      expect(versions).toEqual(['1', '2'])
      const wrong = (deviceToken: unknown) =>
        post(app, '/auth/login', { email, password: 'wrong', device_token: deviceToken })
      // Only attempts of strangers are counted for the account from everywhere.
      const fromEverywhere = async () => (await countsOf(email))[0]
      const counted = await fromEverywhere()
      await wrong(after)
      expect(await fromEverywhere()).toBe(counted)
      await wrong(before)
      expect(await fromEverywhere()).toBe((counted ?? 0) + 1)
    },
  )
})

describe('the tokens of the caller', () => {
  it('are an access token with the time, if the old password is given', async () => {
    await pretend('authenticated_at = 7', account.refreshToken)
    const answer = await change(account.token, { password: account.password })
    expect(membersOf(answer)).toEqual([
      ...['auth_token', 'device_token', 'expires_in', 'message', 'status', 'token_type'],
    ])
    const { token } = tokensOf(answer)
    expect([await status(token), claimsOf(token).sid]).toEqual([200, claimsOf(account.token).sid])
    expect(claimsOf(token).auth_time).toBeGreaterThan(clock.now() - 60)
    const next = tokensOf(await refreshWith(app, account.refreshToken))
    expect(claimsOf(next.token).auth_time).toBe(claimsOf(token).auth_time)
  })

  it.each([
    ['the old password', () => ({ password: account.password })],
    ['a fresh login', () => ({})],
  ])('are both with %s and the refresh token', async (_, proof) => {
    const { auth_time: before } = claimsOf(account.token)
    const body = { ...proof(), refresh_token: account.refreshToken }
    const answer = await change(account.token, body)
    const { token, refreshToken } = tokensOf(answer)
    expect([answer.status, answer.body.expires_in, await status(token)]).toEqual([200, 900, 200])
    expect(sessionIdOf(refreshToken)).toBe(sessionIdOf(account.refreshToken))
    expect(claimsOf(token).auth_time).toBeGreaterThanOrEqual(before)
    expect((await refreshWith(app, refreshToken)).status).toBe(200)
  })

  it('do not say that the password was given again, if it was not', async () => {
    await pretend('authenticated_at = authenticated_at - 100', account.refreshToken)
    const answer = await change(account.token, { refresh_token: account.refreshToken })
    const { auth_time: authTime } = claimsOf(tokensOf(answer).token)
    expect(authTime).toBeLessThanOrEqual(claimsOf(account.token).auth_time - 100)
  })

  it('have no refresh token for one that is two behind, a moment ago', async () => {
    const next = tokensOf(await refreshWith(app, account.refreshToken))
    const newest = tokensOf(await refreshWith(app, next.refreshToken))
    const body = { password: account.password, refresh_token: account.refreshToken }
    const answer = await change(newest.token, body)
    expect([answer.status, answer.body.refresh_token]).toEqual([200, undefined])
    expect('auth_token' in answer.body).toBe(true)
    expect((await refreshWith(app, newest.refreshToken)).status).toBe(200)
  })

  it('are both within the grace window of a refresh, as another refresh gives them', async () => {
    const newest = tokensOf(await refreshWith(app, account.refreshToken))
    const answer = await change(newest.token, freshLogin(account))
    expect(tokensOf(answer).refreshToken).toBe(newest.refreshToken)
    expect(await status(tokensOf(answer).token)).toBe(200)
  })

  it.each([
    ['of another session', () => other.refreshToken],
    ['that is forged', () => `${sessionIdOf(account.refreshToken)}.1.${'A'.repeat(43)}`],
    ['that is an access token', () => account.token],
  ])('are refused for a refresh token %s, and nothing changes', async (_, wrong) => {
    const before = await rowsOf(account.email)
    const body = { password: account.password, refresh_token: wrong() }
    expect(said(await change(account.token, body))).toEqual([401, 'refresh_token_invalid'])
    expect(await rowsOf(account.email)).toEqual(before)
  })
})

describe('a change is refused, and changes nothing,', () => {
  // Without a proof of its own, a change has the refresh token.
  const refusals: [string, () => Promise<unknown>, object, number, string][] = [
    [
      'without the old password, if the login is not fresh',
      () => isStale(account.refreshToken),
      {},
      401,
      'login_not_fresh',
    ],
    [
      'if the login seems to be in the future',
      () => pretend('authenticated_at = unixepoch() + 600', account.refreshToken),
      {},
      401,
      'login_not_fresh',
    ],
    [
      'with a wrong password, also after a fresh login',
      async () => {},
      { password: 'wrong' },
      403,
      'password_wrong',
    ],
    [
      'with a password that nobody can have',
      async () => {},
      { password: '' },
      403,
      'password_wrong',
    ],
    [
      'with a new password that is too short',
      async () => {},
      { new_password: 'short' },
      422,
      'invalid_input',
    ],
    [
      'with a session that has expired',
      () => pretend('expires_at = unixepoch()', account.refreshToken),
      {},
      401,
      'token_revoked',
    ],
    [
      'with a token that was revoked alone',
      () => postForm(app, '/oauth/revoke', { token: account.token }),
      {},
      401,
      'token_revoked',
    ],
    [
      'with a session that was logged out',
      () => logout(app, account.token),
      {},
      401,
      'token_revoked',
    ],
    [
      'for a disabled account',
      () => changeAccount(account.email, 'disabled_at = 1'),
      {},
      401,
      'token_invalid',
    ],
    [
      'with a token of another generation',
      () => changeAccount(account.email, `token_generation = 'ggggggggggggggg1'`),
      {},
      401,
      'token_revoked',
    ],
  ]

  it.each(refusals)('%s', async (_, happens, body, code, word) => {
    await happens()
    const before = await rowsOf(account.email)
    const proof = { ...freshLogin(account), ...body }
    expect(said(await change(account.token, proof))).toEqual([code, word])
    expect(await rowsOf(account.email)).toEqual(before)
  })

  it('if only the set of revoked ids has the generation', async () => {
    const { gen } = claimsOf(account.token)
    await client.execute({
      sql: `INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
        VALUES (?, unixepoch(), unixepoch() + 900)`,
      args: [gen],
    })
    const before = await rowsOf(account.email)
    expect(said(await change(account.token, freshLogin(account)))).toEqual([401, 'token_revoked'])
    expect(await rowsOf(account.email)).toEqual(before)
  })

  it.each([
    ['nothing else', () => ({})],
    ['keep_sessions', () => ({ keep_sessions: true })],
  ])('with an access token and %s, and the sentence says what is missing', async (_, body) => {
    const before = await rowsOf(account.email)
    const answer = await change(account.token, body())
    expect(said(answer)).toEqual([422, 'invalid_input'])
    expect(answer.body.errors).toEqual([
      {
        field: 'password',
        message: 'Give the password, or the refresh_token of a login within the last 300 seconds.',
      },
    ])
    expect(await rowsOf(account.email)).toEqual(before)
  })

  it.each([
    ['absent', undefined, 1],
    ['there', () => ({ plan: 'gold' }), 1],
    ['absent', undefined, 2],
    ['there', () => ({ plan: 'gold' }), 2],
  ])(
    'with a used refresh token of a fresh login, where a claims hook is %s',
    async (_, claims, behind) => {
      const service = await createTestService({}, claims && { claims })
      let newest: Tokens = account
      for (let count = 0; count < behind; count += 1)
        newest = tokensOf(await refreshWith(app, newest.refreshToken))
      await pretend('rotated_at = rotated_at - 100', account.refreshToken)
      const before = await rowsOf(account.email)
      const answer = await change(newest.token, freshLogin(account), service.app)
      expect(said(answer)).toEqual([401, 'login_not_fresh'])
      expect(await rowsOf(account.email)).toEqual(before)
      expect((await change(newest.token, freshLogin(newest), service.app)).status).toBe(200)
    },
  )

  it('until 300 seconds after the login, and not before', async () => {
    await pretend('authenticated_at = unixepoch() - 290', account.refreshToken)
    expect((await change(account.token, freshLogin(account))).status).toBe(200)
  })

  it('with a challenge that says how fresh the login must be', async () => {
    await isStale(account.refreshToken)
    const { headers } = await change(account.token, freshLogin(account))
    expect(headers.get('WWW-Authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", error_description="Give your password again for this.", max_age="300"',
    )
  })

  it('with the old password as the new one, in any form, and the sentence says why', async () => {
    const created = { email: freshEmail(), password: 'Pa\u0308sswort' }
    const { token } = tokensOf(await post(app, '/auth/register', created))
    const body = { password: created.password, new_password: 'P\u00e4sswort' }
    const answer = await change(token, body)
    expect(said(answer)).toEqual([422, 'invalid_input'])
    expect(answer.body.errors).toEqual([
      { field: 'new_password', message: 'Give a new password that is not the old one.' },
    ])
  })

  it('by all but one of several at once, from any session', async () => {
    const requests = Array.from({ length: 6 }, (_, number) => {
      const caller = number % 2 === 0 ? account : other
      const proof = number < 3 ? freshLogin(caller) : { password: account.password }
      return change(caller.token, { ...proof, new_password: `a good password ${number}` })
    })
    const answers = await Promise.all(requests)
    const winners = answers.flatMap((answer, number) => (answer.status === 200 ? [number] : []))
    expect(winners).toHaveLength(1)
    const losers = answers.filter((answer) => answer.status !== 200).map(said)
    expect(new Set(losers.map(String))).toEqual(new Set(['401,token_revoked']))
    const logins = await Promise.all(
      answers.map((_, number) => login(account.email, `a good password ${number}`)),
    )
    expect(logins.flatMap(({ status }, number) => (status === 200 ? [number] : []))).toEqual(
      winners,
    )
  })
})

describe('the attempts of a change', () => {
  const userId = () => claimsOf(account.token).sub

  it('are counted by session, for themselves, and a blocked one is not looked at', async () => {
    const { app: watched } = await createTestService()
    for (let tried = 0; tried < 10; tried += 1) {
      const answer = await change(account.token, { password: 'wrong' }, watched)
      expect(said(answer)).toEqual([403, 'password_wrong'])
    }
    expect(await countsOf(userId(), 'change_password')).toEqual([10, 10])
    expect(await countsOf(userId(), 'reauthenticate')).toEqual([])
    const { password } = account
    const blocked = await change(account.token, { password }, watched)
    expect([blocked.status, blocked.body.code]).toEqual([429, 'too_many_requests'])
    const again = await postWith(app, '/auth/reauthenticate', other.token, { password })
    expect(again.status).toBe(200)
    expect((await change(other.token, { password })).status).toBe(200)
  })

  it('are forgotten after a right password, and none is counted without one', async () => {
    await change(account.token, { password: 'wrong' })
    const answer = await change(account.token, { password: account.password })
    expect(answer.status).toBe(200)
    expect(await countsOf(userId(), 'change_password')).toEqual([1, 0])
    const body = { new_password: 'a third good password', ...freshLogin(account) }
    expect((await change(tokensOf(answer).token, body)).status).toBe(200)
    expect(await countsOf(userId(), 'change_password')).toEqual([1, 0])
  })
})

describe('a right old password with a new one that is refused', () => {
  const breached = 'a password of a breach'
  const breaches = { isBreached: async (password: string) => password === breached }

  it.each([
    ['is made of the email', 'lovelace12', /made of your email/],
    ['was in a data breach', breached, /in a data breach/],
  ])('is no attempt, where the new one %s', async (_, refused, sentence) => {
    const { config, clock: runtime } = await createTestService()
    const deps = createDeps(config, { runtime, database, log: () => {} })
    const service = createApp({ ...deps, breaches })
    const email = `lovelace.${freshEmail()}`
    const { password } = account
    const { token } = tokensOf(await post(service, '/auth/register', { email, password }))
    const before = await rowsOf(email)
    const body = { password, new_password: refused }
    for (let tried = 0; tried < 12; tried += 1) {
      const answer = await change(token, body, service)
      expect(said(answer)).toEqual([422, 'invalid_input'])
      expect(answer.body.errors).toEqual([
        { field: 'new_password', message: expect.stringMatching(sentence) },
      ])
    }
    expect(await countsOf(claimsOf(token).sub, 'change_password')).toEqual([0, 0])
    expect(await rowsOf(email)).toEqual(before)
    // A wrong one is an attempt, and does not hear about the new one.
    const wrong = await change(token, { ...body, password: 'wrong' }, service)
    expect(said(wrong)).toEqual([403, 'password_wrong'])
    expect(await countsOf(claimsOf(token).sub, 'change_password')).toEqual([1, 1])
  })
})

describe('a refresh token that was replaced long ago, at a change', () => {
  /** Somebody has refreshed with the token of the account since. */
  async function stolen(secondsAgo: number): Promise<Tokens> {
    const first = tokensOf(await refreshWith(app, account.refreshToken))
    const thief = tokensOf(await refreshWith(app, first.refreshToken))
    await passTime(secondsAgo, account.refreshToken)
    return thief
  }
  const both = () => ({ password: account.password, refresh_token: account.refreshToken })

  it.each([
    ['ends its session with the others', {}],
    ['ends its session alone, if the others are kept', { keep_sessions: true }],
  ])('%s, and gives no tokens', async (_, options) => {
    const thief = await stolen(90)
    const { app: logging, log } = await createTestService()
    const answer = await change(thief.token, { ...both(), ...options }, logging)
    expect([answer.status, membersOf(answer)]).toEqual([200, ['device_token', 'message', 'status']])
    expect(await status(thief.token)).toBe(401)
    expect(said(await refreshWith(app, thief.refreshToken))).toEqual([401, 'session_revoked'])
    const kept = 'keep_sessions' in options ? 200 : 401
    expect((await refreshWith(app, other.refreshToken)).status).toBe(kept)
    expect((await login(account.email, newPassword)).status).toBe(200)
    const sessionId = sessionIdOf(account.refreshToken)
    expect(log.map((line) => JSON.parse(line))).toContainEqual({
      ...{ event: 'refresh_token_reused', userId: expect.any(Number), sessionId },
    })
  })

  it('is no proof, with a claims hook either, as soon as its grace window is over', async () => {
    const next = tokensOf(await refreshWith(app, account.refreshToken))
    await passTime(31, account.refreshToken)
    const { app: hooked } = await createTestService({}, { claims: () => ({ plan: 'gold' }) })
    const answer = await change(next.token, freshLogin(account), hooked)
    expect(said(answer)).toEqual([401, 'login_not_fresh'])
    expect((await login(account.email, account.password)).status).toBe(200)
  })
})

describe('the round trips of a change', () => {
  const counting = createCountingDatabase()
  const tripsOf = async (service: typeof app, token: string, body: object) => {
    counting.roundTrips = 0
    const answer = await change(token, body, service)
    return [answer.status, counting.roundTrips]
  }

  it.each([
    ['no proof', () => ({}), [422, 0]],
    ['a fresh login and its refresh token', () => freshLogin(account), [200, 1]],
    ['the old password', () => ({ password: account.password }), [200, 2]],
    [
      'the old password and the refresh token',
      () => ({ password: account.password, refresh_token: account.refreshToken }),
      [200, 2],
    ],
    ['a wrong password', () => ({ password: 'wrong' }), [403, 1]],
  ])('with %s', async (_, body, expected) => {
    const { app: counted } = await createTestService({}, { database: counting })
    expect(await tripsOf(counted, account.token, body())).toEqual(expected)
  })
})

describe('between the two round trips of a change', () => {
  const slow = createInterruptedDatabase()
  const during = async (happening: () => Promise<unknown>) => {
    const { app: slowApp } = await createTestService({}, { database: slow })
    const request = () => change(account.token, { password: account.password }, slowApp)
    return slow.during(once(happening), request)
  }

  it.each([
    [
      'the version of the password grows',
      () => changeAccount(account.email, 'password_version = password_version + 1'),
      503,
    ],
    ['the roles change alone', () => changeAccount(account.email, `other_roles = 'r'`), 503],
    [
      'the password is changed',
      () => change(other.token, { new_password: 'a third password', ...freshLogin(other) }),
      401,
    ],
    ['the session is logged out', () => logout(app, account.token), 401],
    ['the session expires', () => pretend('expires_at = unixepoch()', account.refreshToken), 401],
    ['the account is disabled', () => changeAccount(account.email, 'disabled_at = 1'), 401],
  ])('nothing changes when %s', async (_, happening, code) => {
    let before: unknown
    const answer = await during(async () => {
      await happening()
      before = await rowsOf(account.email)
    })
    expect(answer.status).toBe(code)
    expect(await rowsOf(account.email)).toEqual(before)
  })

  it('nothing changes when the roles change while a claims hook signs for a fresh login', async () => {
    const parts = { database: slow, claims: () => ({ plan: 'gold' }) }
    const { app: hooked } = await createTestService({}, parts)
    const rolesChange = once(() => changeAccount(account.email, `other_roles = 'r'`))
    const request = () => change(account.token, freshLogin(account), hooked)
    const answer = await slow.during(rolesChange, request)
    expect(said(answer)).toEqual([503, 'unavailable'])
    expect((await login(account.email, account.password)).status).toBe(200)
  })

  it('a renewed hash of the same password is no change', async () => {
    const renewed = `password_hash = password_hash || 'x'`
    expect((await during(() => changeAccount(account.email, renewed))).status).toBe(200)
    expect((await login(account.email, newPassword)).status).toBe(200)
  })

  it('a deleted account is gone', async () => {
    expect((await during(() => deleteAccount(account.email))).status).toBe(401)
  })
})

describe('a claims hook', () => {
  it.each([
    ['the old password', () => ({ password: account.password })],
    ['a fresh login and its refresh token', () => freshLogin(account)],
  ])('that fails changes nothing with %s', async (_, body) => {
    const claims = () => Promise.reject(new Error('No claims today'))
    const failing = await createTestService({}, { claims })
    const before = await rowsOf(account.email)
    expect((await change(account.token, body(), failing.app)).status).toBe(500)
    expect(await rowsOf(account.email)).toEqual(before)
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
    expect((await login(account.email, account.password)).status).toBe(200)
  })

  it('is asked before the commit, and its claims are in the token', async () => {
    const hooked = await createTestService({}, { claims: () => ({ plan: 'gold' }) })
    const { token } = tokensOf(await change(account.token, freshLogin(account), hooked.app))
    expect([await status(token), claimsOf(token).plan]).toEqual([200, 'gold'])
  })
})
