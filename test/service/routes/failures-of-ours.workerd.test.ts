// A failure on our side logs nobody out and leaves nothing behind. A claims hook, a key, roles, a
// clock or a generator that fails is answered 500, and no row changes.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import { type Runtime, systemRuntime } from '../../../src/runtime/runtime.ts'
import { createApp } from '../../../src/service/app.ts'
import type { Deps } from '../../../src/service/domain/deps.ts'
import { createDeps } from '../../../src/service/service.ts'
import type { ClaimsHook } from '../../../src/token/claims-hook.ts'
import {
  type Answer,
  ask,
  bearing,
  changeAccount,
  createCountingDatabase,
  createTestService,
  database,
  freshEmail,
  post,
  postWith,
  refreshWith,
  registerAccount,
  tokensOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const { app, config } = await createTestService()
type App = typeof app

/** The same service with a failing part. */
function createBroken({ runtime = systemRuntime, ...parts }: Partial<Deps>) {
  const log: string[] = []
  const write = (line: string) => void log.push(line)
  const deps = createDeps(config, { runtime, database, log: write })
  return { app: createApp({ ...deps, ...parts }), log }
}

const signingKeyThatCannotSign = async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const { publicKey: cryptoKey } = pair as CryptoKeyPair
  return { algorithm: 'ES256' as const, keyId: 'key-7', cryptoKey }
}
const circle: Record<string, unknown> = {}
circle.itself = circle

/** What fails → the part, and the log line. */
const hooks: Record<string, [ClaimsHook, RegExp]> = {
  'throws an error': [
    () => {
      throw new RangeError('No plan of this name')
    },
    /The claims hook failed: RangeError: No plan of this name/,
  ],
  'throws what is no error': [
    () => Promise.reject('a secret'),
    /The claims hook failed: something/,
  ],
  'returns a number without JSON': [() => ({ id: 7n }), /The claims hook failed: .*BigInt/],
  'returns a circle': [() => circle, /The claims hook failed: .*circular/],
  'returns a list': [() => ['gold'] as never, /The claims hook failed: .*must return an object/],
  'uses a name of ours': [() => ({ sub: '1' }), /The claim sub belongs to Portcullis/],
  'returns too much': [() => ({ all: 'x'.repeat(4_000) }), /custom claims 4010/],
}
/**
 * A runtime whose five seconds pass at once. `ended` counts the timers that were cancelled before
 * their end.
 */
function createHastyRuntime() {
  const hasty = {
    ...systemRuntime,
    ended: 0,
    delay(ms: number, signal?: AbortSignal) {
      if (ms !== 5_000) return systemRuntime.delay(ms, signal)
      signal?.addEventListener('abort', () => {
        hasty.ended += 1
      })
      return systemRuntime.delay(0)
    },
  }
  return hasty
}
const failures: Record<string, [Partial<Deps>, RegExp]> = {
  'a claims hook never settles': [
    { claims: () => new Promise(() => {}), runtime: createHastyRuntime() },
    /The claims hook failed: Error: It took longer than 5 s/,
  ],
  ...Object.fromEntries(
    Object.entries(hooks).map(([what, [claims, logged]]) => [
      `a claims hook ${what}`,
      [{ claims }, logged] as [Partial<Deps>, RegExp],
    ]),
  ),
  'the signing key cannot sign': [
    { accessTokens: accessTokensWith(signingKeyThatCannotSign) },
    /The signing key key-7 failed/,
  ],
  'the signing key cannot be had': [
    { accessTokens: accessTokensWith(() => Promise.reject(new Error('No such key'))) },
    /No such key/,
  ],
}

function accessTokensWith(signingKey: Deps['accessTokens']['signingKey']) {
  const { accessTokens } = createDeps(config, { runtime: systemRuntime, database, log: () => {} })
  return { ...accessTokens, signingKey }
}

async function setUp() {
  const account = await registerAccount(app)
  return { ...account, other: tokensOf(await post(app, '/auth/login', account)) }
}
type Account = Awaited<ReturnType<typeof setUp>>

const everywhere = 'logging out everywhere but here'
const requests: Record<string, (app: App, account: Account) => Promise<Answer>> = {
  'a login': (app, account) => post(app, '/auth/login', account),
  'a refresh': (app, { refreshToken }) => refreshWith(app, refreshToken),
  'giving the password again': (app, { token, password }) =>
    postWith(app, '/auth/reauthenticate', token, { password }),
  [everywhere]: (app, { token, refreshToken }) =>
    postWith(app, '/auth/logout-everywhere', token, {
      keep_current: true,
      refresh_token: refreshToken,
    }),
}
/** The requests that give nothing but tokens. */
const { [everywhere]: _, ...refusedRequests } = requests

/** All stored rows of the account. */
async function rowsOf({ email }: { email: string }) {
  const whose = `(SELECT id FROM portcullis_users WHERE email = '${email}')`
  const generation = `(SELECT token_generation FROM portcullis_users WHERE email = '${email}')`
  const statements = [
    `SELECT * FROM portcullis_users WHERE email = '${email}'`,
    `SELECT * FROM portcullis_sessions WHERE user_id = ${whose} ORDER BY id`,
    `SELECT * FROM portcullis_revoked_tokens WHERE id = ${generation}`,
  ]
  return Promise.all(
    statements.map(async (sql) => (await client.execute(sql)).rows.map((row) => ({ ...row }))),
  )
}

const fail = () => Promise.reject(new Error('There is no such request'))
const said = ({ status, body }: Answer) => [status, body.code]
const status = async (token: string) => (await ask(app, '/auth/status', bearing(token))).status

describe.each(Object.keys(failures))('when %s,', (failure) => {
  const [parts, logged] = failures[failure] ?? [{}, /^$/]
  const broken = createBroken(parts)

  it.each(Object.keys(refusedRequests))(
    '%s is answered 500, and changes nothing',
    async (request) => {
      const account = await setUp()
      const before = await rowsOf(account)
      broken.log.length = 0
      const answer = await requests[request]?.(broken.app, account)
      expect([answer?.status, answer?.body.code]).toEqual([500, 'internal'])
      expect(answer?.body.request_id).toBe(answer?.headers.get('X-Request-Id'))
      expect(broken.log.join()).toMatch(logged)
      expect(await rowsOf(account)).toEqual(before)
      expect([await status(account.token), await status(account.other.token)]).toEqual([200, 200])
      expect((await requests[request]?.(app, account))?.status).toBe(200)
    },
  )

  it('logging out everywhere but here ends all other sessions, and gives no tokens', async () => {
    const account = await setUp()
    broken.log.length = 0
    const answer = await requests[everywhere]?.(broken.app, account)
    expect([answer?.status, answer?.body.session_ended]).toEqual([200, false])
    expect(answer?.body.auth_token).toBeUndefined()
    expect(broken.log.join()).toMatch(logged)
    expect([await status(account.token), await status(account.other.token)]).toEqual([401, 401])
    expect(said(await refreshWith(app, account.other.refreshToken))[1]).toBe('session_revoked')
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
  })

  it('registering leaves no account, and the email is free', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    broken.log.length = 0
    expect(said(await post(broken.app, '/auth/register', account))).toEqual([500, 'internal'])
    expect(broken.log.join()).toMatch(logged)
    expect(await rowsOf(account)).toEqual([[], [], []])
    expect((await post(app, '/auth/register', account)).status).toBe(201)
  })
})

it('the timer of a claims hook ends with the hook, whether it succeeds or fails', async () => {
  for (const claims of [() => ({}), () => Promise.reject(new Error('No claims today'))]) {
    const runtime = createHastyRuntime()
    const { token } = await registerAccount(app)
    const service = createBroken({ runtime, claims })
    await postWith(service.app, '/auth/reauthenticate', token, { password: 'a good password' })
    expect(runtime.ended).toBe(1)
  }
})

describe('when the clock or the generator fails at any point,', () => {
  const brokenAt = (name: 'now' | 'randomBytes', at: number) => {
    let calls = 0
    const failNow = <T>(value: T): T => {
      calls += 1
      if (calls === at) throw new Error(`${name} fails`)
      return value
    }
    const runtime: Runtime = {
      ...systemRuntime,
      now: () => (name === 'now' ? failNow(systemRuntime.now()) : systemRuntime.now()),
      randomBytes: (length) =>
        name === 'randomBytes'
          ? failNow(systemRuntime.randomBytes(length))
          : systemRuntime.randomBytes(length),
    }
    const { app: broken } = createBroken({ runtime })
    return { app: broken, hasFailed: () => calls >= at }
  }

  /** Fails at the first call, then at the second, and so on, until a request sees no failure. */
  async function failEverywhere(
    name: 'now' | 'randomBytes',
    request: (app: App) => Promise<Answer>,
    check: () => Promise<void>,
  ): Promise<number> {
    for (let at = 1; ; at += 1) {
      const broken = brokenAt(name, at)
      const answer = await request(broken.app)
      if (!broken.hasFailed()) return at - 1
      expect(answer.status, `${name}, call ${at}`).toBe(500)
      await check()
    }
  }

  it.each(Object.keys(requests))('%s changes nothing', async (name) => {
    const request = requests[name] ?? fail
    for (const part of ['now', 'randomBytes'] as const) {
      const account = await setUp()
      const before = await rowsOf(account)
      const isSame = async () => expect(await rowsOf(account)).toEqual(before)
      expect(await failEverywhere(part, (broken) => request(broken, account), isSame)).not.toBe(0)
    }
  })

  it('registering leaves no account', async () => {
    const account = { email: freshEmail(), password: 'a good password' }
    const isNone = async () => expect(await rowsOf(account)).toEqual([[], [], []])
    const register = (broken: App) => post(broken, '/auth/register', account)
    expect(await failEverywhere('randomBytes', register, isNone)).toBeGreaterThan(3)
    account.email = freshEmail()
    expect(await failEverywhere('now', register, isNone)).toBeGreaterThan(0)
  })
})

describe('an account with more roles than a token has room for', () => {
  const repeat = (role: string, characters: number) =>
    Array.from({ length: Math.ceil(characters / (role.length + 1)) }, () => role).join(' ')
  const many = (characters: number) => repeat('x'.repeat(20), characters)

  it.each(['a login', 'a refresh', 'giving the password again'])(
    '%s is answered 500, and changes nothing',
    async (request) => {
      const account = await setUp()
      await changeAccount(account.email, `other_roles = '${many(3_000)}'`)
      const before = await rowsOf(account)
      const service = await createTestService()
      const answer = await requests[request]?.(service.app, account)
      expect([answer?.status, answer?.body.code]).toEqual([500, 'internal'])
      expect(service.log.join()).toMatch(/The token of user \d+ has \d+ .* its roles have 3\d\d\d/)
      expect(await rowsOf(account)).toEqual(before)
      await changeAccount(account.email, `other_roles = ''`)
      expect((await requests[request]?.(app, account))?.status).toBe(200)
    },
  )

  it('is logged out everywhere but here, and its session continues without tokens', async () => {
    const account = await setUp()
    await changeAccount(account.email, `other_roles = '${many(3_000)}'`)
    const answer = await requests['logging out everywhere but here']?.(app, account)
    expect([answer?.status, answer?.body.auth_token]).toEqual([200, undefined])
    await changeAccount(account.email, `other_roles = ''`)
    expect((await refreshWith(app, account.refreshToken)).status).toBe(200)
  })

  it.each([
    ['words', many],
    ['letters', (characters: number) => repeat('x', characters)],
    ['quotation marks', (characters: number) => '"'.repeat(characters)],
    ['letters of two bytes', (characters: number) => 'é'.repeat(characters)],
    ['spaces', (characters: number) => ' '.repeat(characters)],
  ])('gets a token or changes nothing, with roles made of %s', async (_, make) => {
    const account = await setUp()
    let { refreshToken } = account
    const outcomes = new Set<number>()
    for (let characters = 100; characters <= 3_200; characters += 100) {
      const roles = make(characters)
      await changeAccount(account.email, `admin = 1, other_roles = '${roles}'`)
      await client.execute('UPDATE portcullis_sessions SET refreshes = 0 WHERE refreshes > 50')
      const before = await rowsOf(account)
      const answer = await refreshWith(app, refreshToken)
      outcomes.add(answer.status)
      if (answer.status === 500) expect(await rowsOf(account)).toEqual(before)
      else refreshToken = tokensOf(answer).refreshToken
    }
    expect([...outcomes].every((outcome) => [200, 500].includes(outcome))).toBe(true)
    expect(outcomes).toContain(200)
  })

  it('refreshes with 1,500 characters of roles in one round trip', async () => {
    const counting = createCountingDatabase()
    const service = await createTestService({}, { database: counting })
    const account = await setUp()
    await changeAccount(account.email, `other_roles = '${many(1_500)}'`)
    expect((await refreshWith(service.app, account.refreshToken)).status).toBe(200)
    expect(counting.roundTrips).toBe(1)
  })
})
