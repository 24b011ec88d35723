// Wrong passwords that a real service has counted, as the commands show and forget them.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freshEmail, send, tokensOf } from '../support/client.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { runNpm } from './commands.ts'

/** After five attempts an address is closed for a day, so no test waits for a delay to end. */
const limits = { LIMITS: 'normal', FREE_ATTEMPTS: '5', MAX_ATTEMPTS: '10' }
const password = 'a good password'
const day = 86_400

let service: Awaited<ReturnType<typeof startIssuingService>>
let settings: Record<string, string>
beforeAll(async () => {
  service = await startIssuingService(inject('bundle'), limits)
  const { TURSO_DATABASE_URL, SECRET_KEY } = service.settings
  settings = { TURSO_DATABASE_URL, SECRET_KEY, ...limits }
})
afterAll(() => service?.stop())

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runNpm('admin', args, { ...settings, ...env })
const show = (email: string, env = {}) => run(['limits', 'show', email], env)
const showJson = (email: string, env = {}) =>
  JSON.parse(run(['limits', 'show', email, '--json'], env).stdout)
const unlock = (...args: string[]) => run(['users', 'unlock', ...args])

async function register() {
  const email = freshEmail()
  const answer = await service.client.register({ email, password })
  return { email, ...tokensOf(answer), deviceToken: String(answer.body.device_token) }
}

async function tryLogin(email: string, given = 'a wrong password', address = '192.0.2.1') {
  const headers = { 'Content-Type': 'application/json', 'CF-Connecting-IP': address }
  const body = JSON.stringify({ email, password: given })
  return (await send(`${service.issuer}/auth/login`, { method: 'POST', headers, body })).status
}

async function tryOften(times: number, email: string, address?: string) {
  for (let tried = 0; tried < times; tried += 1) await tryLogin(email, undefined, address)
}

const none = (email: string) =>
  `No wrong password is counted for ${email} under this SECRET_KEY. Is it the key of the service?\n`
const instant = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.000Z'

describe('npm run admin -- limits show', () => {
  it('shows a table of the attempts, those from everywhere first', async () => {
    const { email } = await register()
    await tryOften(5, email)
    await tryOften(2, email, '192.0.2.2')
    const { stdout, status } = show(email.toUpperCase())
    const [heads, everywhere, ...sources] = stdout.trimEnd().split('\n')
    expect([status, heads]).toEqual([
      0,
      expect.stringMatching(/^purpose +from +attempts +last +next is let through$/),
    ])
    expect(everywhere).toMatch(/^login +everywhere +7 +- +now$/)
    // Sources come in the order of their MACs.
    const source = '^login +network [\\w-]{8}'
    expect(sources).toHaveLength(2)
    expect(sources).toContainEqual(
      expect.stringMatching(new RegExp(`${source} +2 +${instant} +now$`)),
    )
    expect(sources).toContainEqual(
      expect.stringMatching(new RegExp(`${source} +5 +${instant} +in 86\\d{3} s$`)),
    )
    expect(stdout).not.toContain('192.0.2')
  })

  it('prints the same as JSON, on one line', async () => {
    const { email } = await register()
    await tryOften(5, email)
    const { stdout } = run(['limits', 'show', email, '--json'])
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    const last_on = expect.stringMatching(new RegExp(`^${instant}$`))
    const { attempts, ...rest } = JSON.parse(stdout)
    expect(rest).toEqual({ email })
    expect(attempts).toEqual([
      { purpose: 'login', from: 'everywhere', attempts: 5, last_on: null, wait_seconds: 0 },
      {
        ...{ purpose: 'login', from: expect.stringMatching(/^network [\w-]{8}$/), attempts: 5 },
        ...{ last_on, wait_seconds: expect.any(Number) },
      },
    ])
    expect(attempts[1].wait_seconds).toBeGreaterThan(day - 300)
    expect(attempts[1].wait_seconds).toBeLessThanOrEqual(day + 1)
  })

  it('computes the wait with the settings that it is given', async () => {
    const { email } = await register()
    await tryOften(5, email)
    const waits = (env: Record<string, string>) =>
      showJson(email, env).attempts.map((one: { wait_seconds: number }) => one.wait_seconds)
    expect(waits({ MAX_ATTEMPTS: '100' })).toEqual([0, 0])
    expect(waits({ LIMITS: 'raised' })).toEqual([0, 0])
    const [, week] = waits({ ATTEMPTS_CLOSED_SECONDS: String(7 * day) })
    expect(week).toBeGreaterThan(6 * day)
  })

  it('shows those of an email without an account', async () => {
    const email = freshEmail()
    await tryOften(1, email)
    expect(showJson(email).attempts).toMatchObject([
      { purpose: 'login', from: 'everywhere', attempts: 1 },
      { purpose: 'login', from: expect.stringMatching(/^network /), attempts: 1 },
    ])
  })

  it('shows those of giving the password again, which are counted for the id of the account', async () => {
    const { email, token } = await register()
    expect((await service.client.reauthenticate(token, 'a wrong password')).status).toBe(403)
    expect(showJson(email).attempts).toMatchObject([
      { purpose: 'reauthenticate', from: 'everywhere', attempts: 1 },
      { purpose: 'reauthenticate', from: expect.stringMatching(/^session /), attempts: 1 },
    ])
    expect(show(email).stdout).toMatch(/^reauthenticate +everywhere +1 /m)
  })

  it('says that there are none: before a wrong password, after a right one, and after a day', async () => {
    const { email } = await register()
    const { stdout, status } = show(email)
    expect([status, stdout]).toEqual([0, none(email)])
    expect(showJson(email)).toEqual({ email, attempts: [] })
    await tryOften(1, email)
    await service.database.query('UPDATE portcullis_attempts SET last_at = last_at - ?', day + 1)
    expect(show(email).stdout).toBe(none(email))
    expect(await tryLogin(email, password)).toBe(200)
    expect(show(email).stdout).toBe(none(email))
  })

  it('finds none with another SECRET_KEY, and says so', async () => {
    const { email } = await register()
    await tryOften(1, email)
    const other = { SECRET_KEY: 'another secret of these tests: 98765432' }
    const { stdout, status } = show(email, other)
    expect([status, stdout]).toEqual([0, none(email)])
    const { stdout: unlocked } = run(['users', 'unlock', email], other)
    expect(unlocked).toBe(
      `No wrong password was counted for ${email} under this SECRET_KEY: nothing was changed. Is it the key of the service?\n`,
    )
    expect(showJson(email).attempts).toHaveLength(2)
  })
})

describe('npm run admin -- users unlock', () => {
  it('lets the owner of a locked account log in', async () => {
    const { email } = await register()
    await tryOften(6, email)
    expect(await tryLogin(email, password)).toBe(429)
    const { stdout, status } = unlock(email.toUpperCase())
    expect([status, stdout]).toEqual([
      0,
      `The wrong passwords for ${email.toUpperCase()} are forgotten. Everybody may try again.\n`,
    ])
    expect(await tryLogin(email, password)).toBe(200)
    expect(unlock(email).stdout).toBe(
      `No wrong password was counted for ${email} under this SECRET_KEY: nothing was changed. Is it the key of the service?\n`,
    )
  })

  it('says as JSON whether it has changed something', async () => {
    const { email } = await register()
    const json = () => JSON.parse(unlock(email, '--json').stdout)
    expect(json()).toEqual({ email, done: 'unlock', changed: false })
    await tryOften(1, email)
    expect(json()).toEqual({ email, done: 'unlock', changed: true })
    expect(json()).toEqual({ email, done: 'unlock', changed: false })
  })

  it('forgets those of known devices, and of giving the password again', async () => {
    const { email, token, deviceToken } = await register()
    const body = { email, password: 'a wrong password', device_token: deviceToken }
    await service.client.login(body)
    await service.client.reauthenticate(token, 'a wrong password')
    expect(showJson(email).attempts).toHaveLength(3)
    unlock(email)
    expect(showJson(email).attempts).toEqual([])
  })

  it('forgets those of no other account, and those of an email without one', async () => {
    const [one, other] = [freshEmail(), freshEmail()]
    await tryOften(1, one)
    await tryOften(1, other)
    expect(unlock(one).stdout).toContain('are forgotten')
    expect([showJson(one).attempts.length, showJson(other).attempts.length]).toEqual([0, 2])
  })

  it('opens an account that is closed from everywhere to unknown devices', async () => {
    const { email } = await register()
    await tryOften(5, email)
    await tryOften(5, email, '192.0.2.2')
    expect(await tryLogin(email, password, '192.0.2.3')).toBe(429)
    expect(showJson(email).attempts[0].wait_seconds).toBeGreaterThan(day - 300)
    unlock(email)
    expect(await tryLogin(email, password, '192.0.2.3')).toBe(200)
  })
})

const missing =
  'Set SECRET_KEY to that of the service: attempts are counted under keys that are made with it.\n'

describe('a command about attempts', () => {
  it.each([
    [2, { SECRET_KEY: '' }, missing],
    [2, { SECRET_KEY: 'short' }, 'SECRET_KEY must have at least 32 bytes'],
    [2, { TURSO_DATABASE_URL: 'nowhere' }, 'TURSO_DATABASE_URL'],
    [1, { TURSO_DATABASE_URL: 'file:/nowhere/x.db' }, 'the database file cannot be opened'],
    [4, { TURSO_DATABASE_URL: 'http://127.0.0.1:9' }, 'the database cannot be reached'],
  ])('exits %i for %j and says what is wrong', (code, env, sentence) => {
    for (const args of [
      ['limits', 'show', 'a@b.c'],
      ['users', 'unlock', 'a@b.c'],
    ]) {
      const { status, stdout, stderr } = run(args, env)
      expect([status, stdout, stderr]).toEqual([code, '', expect.stringContaining(sentence)])
      expect(stderr).not.toMatch(/^ +at /m)
    }
  })

  it('never prints the SECRET_KEY that it refuses', () => {
    const { stdout, stderr } = show('a@b.c', { SECRET_KEY: 'a short secret' })
    expect(stdout + stderr).not.toContain('a short secret')
  })

  it.each([
    [{ FREE_ATTEMPTS: 'x' }, 'FREE_ATTEMPTS must be a whole number from 1 to 50'],
    [{ LIMITS: 'off' }, 'LIMITS must be'],
    [{ MAX_ATTEMPTS: '', MAX_ATEMPTS: '50' }, 'MAX_ATEMPTS is not a setting; did you mean MAX_ATT'],
  ])('refuses wrong settings of the limits: %j', (env, sentence) => {
    const { status, stderr } = show('a@b.c', env)
    expect([status, stderr]).toEqual([2, expect.stringContaining(sentence)])
  })

  it('needs an email', () => {
    const { status, stderr } = run(['limits', 'show'])
    expect([status, stderr]).toEqual([2, expect.stringContaining("argument 'email'")])
  })
})
