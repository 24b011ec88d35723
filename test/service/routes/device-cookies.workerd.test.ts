// Device tokens in a cookie: of the account that logs in, beside those of other accounts.

import { describe, expect, it } from 'vitest'
import { createLimitedService } from '../../support/attempts.ts'
import { type Answer, ask, freshEmail } from '../../support/service.ts'

const { app } = await createLimitedService({ TOKEN_TRANSPORT: 'cookie' })
const password = 'a good password'

function send(path: string, body: object, deviceCookie = ''): Promise<Answer> {
  const cookie = deviceCookie && { Cookie: `__Secure-device_token=${deviceCookie}` }
  return ask(app, path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Test-Address': '192.0.2.1', ...cookie },
    body: JSON.stringify(body),
  })
}

/** The value of the device cookie that an answer sets. */
function deviceCookieOf({ headers }: Answer): string {
  const set = headers.getSetCookie().find((one) => one.startsWith('__Secure-device_token='))
  return /=([^;]*)/.exec(set ?? '')?.[1] ?? ''
}

/** Registers in a browser that has this cookie. Gives the email, and the cookie afterwards. */
async function register(deviceCookie = '') {
  const email = freshEmail()
  const answer = await send('/auth/register', { email, password }, deviceCookie)
  return { email, answer, cookie: deviceCookieOf(answer) }
}

async function useUpAttempts(email: string) {
  for (let tried = 0; tried < 10; tried += 1) {
    await send('/auth/login', { email, password: 'a wrong password' })
  }
}

describe('the device cookie', () => {
  it('goes to the service alone, for 180 days, out of the reach of scripts', async () => {
    const { answer } = await register()
    const set = answer.headers.getSetCookie().find((one) => one.includes('device_token'))
    expect(set).toMatch(
      /^__Secure-device_token=[\w.-]+; Max-Age=15552000; Path=\/auth; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(JSON.stringify(answer.body)).not.toContain('device_token')
  })

  it('lets its owner log in while strangers try passwords', async () => {
    const { email, cookie } = await register()
    await useUpAttempts(email)
    expect((await send('/auth/login', { email, password })).status).toBe(429)
    const known = await send('/auth/login', { email, password }, cookie)
    expect(known.status).toBe(200)
    expect(deviceCookieOf(known).split('~')).toHaveLength(1)
  })

  it('holds one token for each of five accounts, the latest first', async () => {
    const first = await register()
    let { cookie } = first
    for (let others = 0; others < 4; others += 1) cookie = (await register(cookie)).cookie
    expect(cookie.split('~')).toHaveLength(5)
    await useUpAttempts(first.email)
    const known = await send('/auth/login', { email: first.email, password }, cookie)
    expect(known.status).toBe(200)
    const renewed = deviceCookieOf(known).split('~')
    expect(renewed).toHaveLength(5)
    expect(renewed.slice(1)).toEqual(cookie.split('~').slice(0, 4))
    const sixth = await register(deviceCookieOf(known))
    expect(sixth.cookie.split('~')).toHaveLength(5)
    expect(sixth.cookie.split('~').slice(1)).toEqual(renewed.slice(0, 4))
  })

  it('is found after the cookie of another subdomain', async () => {
    const { email, cookie } = await register()
    await useUpAttempts(email)
    const tossed = Array.from({ length: 10 }, () => `${'a'.repeat(16)}.9.1.1.${'a'.repeat(43)}`)
    const both = `${tossed.join('~')}; __Secure-device_token=${cookie}`
    expect((await send('/auth/login', { email, password }, both)).status).toBe(200)
  })

  it('stays after a logout', async () => {
    const { answer } = await register()
    const cookies = answer.headers.getSetCookie().map((one) => one.split(';')[0])
    const headers = { 'Content-Type': 'application/json', Cookie: cookies.join('; ') }
    const logout = await ask(app, '/auth/logout', { method: 'POST', headers })
    expect(logout.status).toBe(200)
    expect(logout.headers.getSetCookie().join()).not.toContain('device_token')
    expect(logout.headers.getSetCookie().join()).toContain('__Host-access_token=;')
  })

  it('drops what is no device token, however much there is', async () => {
    const { email } = await register()
    const long = `${'x'.repeat(5_000)}.1.1.1.${'x'.repeat(43)}`
    const junk = [long, ...Array.from({ length: 100 }, (_, index) => `junk${index}`)].join('~')
    const answer = await send('/auth/login', { email, password }, junk)
    expect(answer.status).toBe(200)
    expect(deviceCookieOf(answer)).toMatch(/^[\w.-]+$/)
  })
})
