// What new accounts may have as a password, and when it is looked up in data breaches.

import { describe, expect, it } from 'vitest'
import { createApp } from '../../../src/service/app.ts'
import type { BreachCheck } from '../../../src/service/domain/identity/breach-check.ts'
import type { PasswordHasher } from '../../../src/service/domain/identity/password-hasher.ts'
import { createDeps } from '../../../src/service/service.ts'
import {
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
  registerAccount,
} from '../../support/service.ts'

const { app } = await createTestService()
const register = (password: unknown, email: unknown = freshEmail(), to = app) =>
  post(to, '/auth/register', { email, password })

describe('a registration', () => {
  it.each([
    ['1234567', /at least 8 characters\.$/],
    ['Trustno1', /^This password is one of the commonest/],
    ['xyzxyzxyzxyz', /^This password only repeats some characters/],
    ['portcullis99', /^This password is made of your email or the name of this service/],
  ])('with the password %s is refused with a sentence', async (password, message) => {
    const { status, body } = await register(password)
    expect([status, body]).toEqual([
      422,
      {
        status: 'fail',
        code: 'invalid_input',
        message: 'Some fields are missing or not valid; see errors.',
        errors: [{ field: 'password', message: expect.stringMatching(message) }],
      },
    ])
  })

  it('with a password of the email is refused, in any spelling of it', async () => {
    const email = `Grace.Hopper-${crypto.randomUUID()}@Example.COM`
    for (const password of ['gracehopper', 'Hopper12', 'HOPPER.grace', 'example.com']) {
      expect((await register(password, email)).status, password).toBe(422)
    }
    expect((await register('grace hopper 1906', email)).status).toBe(201)
  })

  it('reports the problems of email and password at once', async () => {
    const problemsOf = async (email: unknown, password: unknown) => {
      const { body } = await register(password, email)
      return (body.errors as { field: string; message: string }[]).map(({ field, message }) => [
        field,
        message.split(' ').slice(0, 4).join(' '),
      ])
    }
    expect(await problemsOf('nobody', 'trustno1')).toEqual([
      ['email', 'Give an email that'],
      ['password', 'This password is one'],
    ])
    expect(await problemsOf('nobody', 'short')).toEqual([
      ['email', 'Give an email that'],
      ['password', 'Give a password of'],
    ])
    expect(await problemsOf(null, 'portcullis')).toEqual([
      ['email', 'Give the email as'],
      ['password', 'This password is made'],
    ])
    expect(await problemsOf('nobody', 7)).toEqual([
      ['email', 'Give an email that'],
      ['password', 'Give the password as'],
    ])
    expect(await problemsOf(freshEmail(), '\ud800 and more')).toEqual([
      ['password', 'Give a password of'],
    ])
  })

  it('needs 15 characters with PASSWORD_POLICY=nist, and 6 with development', async () => {
    const nist = (await createTestService({ PASSWORD_POLICY: 'nist' })).app
    expect((await register('forty cats 123', freshEmail(), nist)).status).toBe(422)
    expect((await register('forty cats 1234', freshEmail(), nist)).status).toBe(201)
    const development = (await createTestService({ PASSWORD_POLICY: 'development' })).app
    expect((await register('12345', freshEmail(), development)).status).toBe(422)
    expect((await register('123456', freshEmail(), development)).status).toBe(201)
  })

  it('logs in with a password that no new account could have', async () => {
    const development = (await createTestService({ PASSWORD_POLICY: 'development' })).app
    const account = { email: freshEmail(), password: '123456' }
    await post(development, '/auth/register', account)
    expect((await post(app, '/auth/login', account)).status).toBe(200)
  })
})

/** A service whose breach check waits until it is answered. At its cost, one hash runs at a time. */
async function createAskingService() {
  const { config, clock } = await createTestService({ BCRYPT_COST: '8' })
  const database = createCountingDatabase()
  const deps = createDeps(config, { runtime: clock, database, log: () => {} })
  const asked: { readonly password: string; answer(isBreached: boolean): void }[] = []
  const breaches: BreachCheck = {
    isBreached: (password) =>
      new Promise((resolve) => {
        asked.push({ password, answer: resolve })
      }),
  }
  const hashed: string[] = []
  const passwords: PasswordHasher = {
    ...deps.passwords,
    hash(password) {
      hashed.push(password)
      return deps.passwords.hash(password)
    },
  }
  const until = async (count: number) => {
    while (asked.length < count) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const counts = () => ({ hashes: hashed.length, roundTrips: database.roundTrips })
  return { app: createApp({ ...deps, breaches, passwords }), asked, until, counts }
}

describe('the breach check of a registration', () => {
  it('refuses a hit in errors[], without a hash or a round trip', async () => {
    const { app, asked, until, counts } = await createAskingService()
    const answer = register('a good password', freshEmail(), app)
    await until(1)
    expect(asked.map(({ password }) => password)).toEqual(['a good password'])
    asked[0]?.answer(true)
    const { status, body } = await answer
    expect([status, body.code, body.errors]).toEqual([
      422,
      'invalid_input',
      [
        {
          field: 'password',
          message:
            'This password was in a data breach of another service, so attackers know it. Choose another one that you use nowhere else.',
        },
      ],
    ])
    expect(counts()).toEqual({ hashes: 0, roundTrips: 0 })
  })

  it('registers after a miss, with one hash and one round trip', async () => {
    const { app, asked, until, counts } = await createAskingService()
    const answer = register('a good password', freshEmail(), app)
    await until(1)
    asked[0]?.answer(false)
    expect((await answer).status).toBe(201)
    expect(counts()).toEqual({ hashes: 1, roundTrips: 1 })
  })

  it('keeps nobody from hashing while it waits', async () => {
    const { app: asking, asked, until } = await createAskingService()
    const known = await registerAccount(app)
    const waiting = register('a good password', freshEmail(), asking)
    await until(1)
    const { email, password } = known
    expect((await post(asking, '/auth/login', { email, password })).status).toBe(200)
    asked[0]?.answer(false)
    expect((await waiting).status).toBe(201)
  })

  it('comes after the policy, whose refusals it does not ask about', async () => {
    const { app, asked } = await createAskingService()
    expect((await register('trustno1', freshEmail(), app)).status).toBe(422)
    expect((await register('a good password', 'nobody', app)).status).toBe(422)
    expect(asked).toEqual([])
  })
})
