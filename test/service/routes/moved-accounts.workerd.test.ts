// Logins to accounts whose password hash comes from another system.

import { describe, expect, it } from 'vitest'
import { argon2id } from '../../../src/argon2.ts'
import {
  ask,
  bearing,
  changeAccount,
  createTestService,
  freshEmail,
  post,
  postWith,
  type TestService,
} from '../../support/service.ts'
import vectors from '../../vectors/foreign-hashes.json'

const password = 'correct horse battery staple'
const hashOf = (family: string) => {
  const found = vectors.vectors.find((one) => one.family === family && one.password === password)
  return found?.hash ?? ''
}
const families = ['bcrypt', 'bcrypt-sha256', 'pbkdf2', 'scrypt']

/** An account that has this hash, and its password where it is one of the vectors. */
async function moveIn({ app }: TestService, hash: string) {
  const email = freshEmail()
  await post(app, '/auth/register', { email, password: 'another password' })
  await changeAccount(email, `password_hash = '${hash}'`)
  return { email, password }
}

const eventsOf = ({ log }: TestService) =>
  log.map((line) => JSON.parse(line)).filter(({ event }) => event === 'password_hash_unsupported')

describe('an account that moved in', async () => {
  const service = await createTestService()
  const { app } = service

  it.each(families)('logs in with its old password: %s', async (family) => {
    const account = await moveIn(service, hashOf(family))
    const wrong = await post(app, '/auth/login', { ...account, password: `${password}!` })
    expect([wrong.status, wrong.body.message]).toEqual([404, 'User does not exist.'])
    const right = await post(app, '/auth/login', account)
    expect([right.status, right.body.message]).toEqual([200, 'Successfully logged in.'])
    const status = await ask(app, '/auth/status', bearing(String(right.body.auth_token)))
    expect(status.body.data).toMatchObject({ email: account.email })
    expect(eventsOf(service)).toEqual([])
  })

  it.each(families)('gives its old password again: %s', async (family) => {
    const account = await moveIn(service, hashOf(family))
    const token = String((await post(app, '/auth/login', account)).body.auth_token)
    await changeAccount(account.email, `password_hash = '${hashOf(family)}'`)
    const again = await postWith(app, '/auth/reauthenticate', token, { password })
    expect(again.status).toBe(200)
  })

  it('logs in with the password as its keyboard writes it', async () => {
    const typed = 'e\u0301te\u0301 2026'
    const hash = await import('node:crypto').then(({ scryptSync }) =>
      scryptSync(typed, 'salt', 64, { N: 2, r: 8, p: 1 }).toString('hex'),
    )
    const { email } = await moveIn(service, `scrypt:2:8:1$salt$${hash}`)
    expect((await post(app, '/auth/login', { email, password: typed })).status).toBe(200)
    const { email: other } = await moveIn(service, `scrypt:2:8:1$salt$${hash}`)
    const inNfc = { email: other, password: typed.normalize('NFC') }
    expect((await post(app, '/auth/login', inNfc)).status).toBe(404)
  })
})

describe('an account whose hash cannot be verified', () => {
  it.each([
    ['argon2id', hashOf('argon2id'), 'It needs portcullis/argon2.'],
    ['pbkdf2', vectors.refused.at(-1)?.hash ?? '', expect.stringContaining('at most 100,000.')],
    ['unknown', 'md5$salt$abc', expect.stringContaining('is not known.')],
    ['bcrypt', `$2b$99$${'a'.repeat(53)}`, expect.stringContaining('costs 4 to 15')],
  ])(
    'gets the answer of a wrong password, and one line in the log: %s',
    async (family, hash, problem) => {
      const service = await createTestService()
      const account = await moveIn(service, hash)
      const unknown = await post(service.app, '/auth/login', { ...account, email: freshEmail() })
      for (let asked = 0; asked < 2; asked += 1) {
        const refused = await post(service.app, '/auth/login', account)
        expect([refused.status, refused.body]).toEqual([404, unknown.body])
      }
      expect(eventsOf(service)).toEqual([{ event: 'password_hash_unsupported', family, problem }])
      for (const line of service.log) {
        expect(line).not.toContain(hash)
        expect(line).not.toContain(account.email)
      }
    },
  )

  it('logs in where the service has been given the family', async () => {
    const service = await createTestService({}, { passwordHashes: [argon2id] })
    const account = await moveIn(service, hashOf('argon2id'))
    const wrong = await post(service.app, '/auth/login', { ...account, password: 'wrong' })
    const right = await post(service.app, '/auth/login', account)
    expect([wrong.status, right.status, eventsOf(service)]).toEqual([404, 200, []])
  })
})
