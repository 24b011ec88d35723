// The settings for mail: their forms, and which of them need each other.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/service/config/parse-config.ts'

const good = {
  ISSUER: 'https://auth.example.com',
  TURSO_DATABASE_URL: 'libsql://db.example.com',
  SECRET_KEY: 'a secret of these tests: 0123456789abcdef',
}
const parse = (variables: Record<string, string>) =>
  parseConfig({ ...good, ...variables }, { hasFiles: false })

async function configOf(variables: Record<string, string>) {
  const config = await parse(variables)
  if (!config.ok) throw new Error(config.error.join(' '))
  return config.value
}

async function problemsOf(variables: Record<string, string>) {
  const config = await parse(variables)
  return config.ok ? [] : config.error
}

describe('MAIL_FROM', () => {
  it.each([
    ['auth@example.com', undefined, 'auth@example.com'],
    ['<auth@example.com>', undefined, 'auth@example.com'],
    ['Example <auth@example.com>', 'Example', 'auth@example.com'],
    [
      '"Example, Inc." <no-reply+x@mail.example.com>',
      'Example, Inc.',
      'no-reply+x@mail.example.com',
    ],
    ['Bücher für Ägypten <auth@example.com>', 'Bücher für Ägypten', 'auth@example.com'],
    ['Local <auth@localhost>', 'Local', 'auth@localhost'],
  ])('is %s: the name %s, and the address %s', async (text, name, address) => {
    const { mailFrom } = await configOf({ MAILER: 'cloudflare', MAIL_FROM: text })
    expect(mailFrom).toEqual({ name, address })
  })

  it.each([
    'auth',
    'auth@',
    '@example.com',
    'a b@example.com',
    'auth@example.com, other@example.com',
    'Example auth@example.com',
    'Example <auth@example.com> <other@example.com>',
    `${'n'.repeat(65)} <auth@example.com>`,
    'Exa\r\nBcc: x@example.com <auth@example.com>',
    'Exam\u202eple <auth@example.com>',
    'bücher@example.com',
  ])('refuses %j', async (text) => {
    expect(await problemsOf({ MAILER: 'cloudflare', MAIL_FROM: text })).toContainEqual(
      expect.stringMatching(/^MAIL_FROM must be an address, such as auth@example.com, or a name/),
    )
  })
})

describe('SMTP_URL', () => {
  const smtp = (url: string) => ({ MAILER: 'smtp', MAIL_FROM: 'a@example.com', SMTP_URL: url })

  it.each([
    ['smtps://smtp.example.com', 'smtp.example.com', 465, undefined, undefined],
    ['smtps://u:p@smtp.example.com:8465', 'smtp.example.com', 8465, 'u', 'p'],
    [
      'smtps://auth%40example.com:p%3A%2F%40@192.0.2.1',
      '192.0.2.1',
      465,
      'auth@example.com',
      'p:/@',
    ],
  ])('is %s', async (url, host, port, user, password) => {
    expect((await configOf(smtp(url))).smtpServer).toEqual({ host, port, user, password })
  })

  it.each([
    ['smtp://u:p@smtp.example.com', 'must begin with smtps://'],
    ['smtps://u@smtp.example.com', 'must have both user and password'],
    ['smtps://:canary@smtp.example.com', 'must have both user and password'],
    ['smtps://u:canary@smtp.example.com/path', 'must be a URL such as smtps://user:password@'],
    ['smtps://u:canary@smtp.example.com?tls=no', 'must be a URL such as smtps://user:password@'],
    ['smtps://u:can%0d%0aary@smtp.example.com', 'must be a URL such as smtps://user:password@'],
    ['smtps://u:can%zzary@smtp.example.com', 'must be a URL such as smtps://user:password@'],
    ['https://u:canary@smtp.example.com', 'must be a URL such as smtps://user:password@'],
    ['canary', 'must be a URL such as smtps://user:password@'],
  ])('refuses %s, without repeating it', async (url, sentence) => {
    const problems = await problemsOf(smtp(url))
    expect(problems).toContainEqual(expect.stringContaining(`SMTP_URL ${sentence}`))
    expect(problems.join(' ')).not.toContain('canary')
  })
})

describe('MAILER', () => {
  it.each([
    ['http', { MAIL_FROM: 'a@example.com' }, ['MAILER is http, and MAIL_API_KEY is missing.']],
    ['smtp', { MAIL_FROM: 'a@example.com' }, ['MAILER is smtp, and SMTP_URL is missing.']],
    ['custom', {}, ['MAILER is custom, and MAIL_FROM is missing: say who mail is from.']],
    ['cloudflare', { MAIL_FROM: 'a@example.com' }, []],
    ['none', {}, []],
  ])('%s needs its settings, given %j', async (MAILER, variables, problems) => {
    expect(await problemsOf({ MAILER, ...variables } as Record<string, string>)).toEqual(problems)
  })

  it('is asked for where there are other settings for mail', async () => {
    expect(await problemsOf({ MAIL_FROM: 'a@example.com' })).toEqual([
      expect.stringContaining('There are settings for mail, and MAILER is none'),
    ])
  })
})

it('refuses a neutral registration without a mailer', async () => {
  expect(await problemsOf({ REGISTRATION: 'neutral' })).toEqual([
    'REGISTRATION is neutral, which tells the rest by mail, and MAILER is none: set MAILER.',
  ])
  const mailing = { MAILER: 'custom', MAIL_FROM: 'a@example.com' }
  expect(await problemsOf({ REGISTRATION: 'neutral', ...mailing })).toEqual([])
  expect(await problemsOf({ REGISTRATION: 'closed' })).toEqual([])
})

it('refuses to ask for proved emails at login without a mailer', async () => {
  expect(await problemsOf({ REQUIRE_VERIFIED_EMAIL: 'login' })).toEqual([
    'REQUIRE_VERIFIED_EMAIL is login, which needs codes by mail, and MAILER is none: set MAILER.',
  ])
  const mailing = { MAILER: 'custom', MAIL_FROM: 'a@example.com' }
  expect(await problemsOf({ REQUIRE_VERIFIED_EMAIL: 'login', ...mailing })).toEqual([])
})

it('takes NEW_DEVICE_MAILS with and without a mailer', async () => {
  expect(await problemsOf({ NEW_DEVICE_MAILS: 'send' })).toEqual([])
  expect(await problemsOf({ NEW_DEVICE_MAILS: 'off' })).toEqual([])
  expect(await problemsOf({ NEW_DEVICE_MAILS: 'on' })).toEqual([
    'NEW_DEVICE_MAILS must be send or off.',
  ])
})

it('refuses a link that ends before the code', async () => {
  expect(await problemsOf({ RESET_LINK_LIFETIME_SECONDS: '60' })).toEqual([
    'RESET_LINK_LIFETIME_SECONDS must be at least CODE_LIFETIME_SECONDS (600), and is 60.',
  ])
  const both = { RESET_LINK_LIFETIME_SECONDS: '60', CODE_LIFETIME_SECONDS: '60' }
  expect(await problemsOf(both)).toEqual([])
})

describe('MAIL_API_URL and ACCOUNT_PAGES_URL', () => {
  it.each([
    'ftp://x.example',
    'https://u:p@x.example',
    'https://x.example?a',
    'https://x.example#a',
    'x',
  ])('refuse %s', async (url) => {
    for (const name of ['MAIL_API_URL', 'ACCOUNT_PAGES_URL']) {
      expect((await problemsOf({ [name]: url })).join()).toContain(`${name} must be a URL such as`)
    }
  })

  it('refuse plain HTTP to another machine, and take it on this one', async () => {
    expect((await problemsOf({ ACCOUNT_PAGES_URL: 'http://app.example.com' })).join()).toContain(
      'ACCOUNT_PAGES_URL must be https:',
    )
    const { accountPagesUrl } = await configOf({ ACCOUNT_PAGES_URL: 'http://localhost:3000/a/' })
    expect(accountPagesUrl).toBe('http://localhost:3000/a')
  })
})
