// The rows of codes by mail: asking for one, and what it is good for. The mail is a real one.

import { createClientOf, freshEmail } from '../support/client.ts'
import { codeIn, linkTokenIn } from '../support/mailed-code.ts'
import { until } from '../support/server.ts'
import {
  codeWrong,
  type Expected,
  invalidInput,
  invalidJson,
  json,
  password,
  post,
  type Row,
} from './row.ts'
import type { Target } from './targets.ts'

const newPassword = 'another good password'
const onItsWay: Expected = {
  status: 200,
  message: 'If this email has an account, a code is on its way.',
  has: ['handle'],
}
const changed: Expected = {
  status: 200,
  message: 'Password changed. Please log in.',
  has: ['device_token'],
}
const loggedIn: Expected = {
  status: 200,
  message: 'Successfully logged in.',
  has: [
    ...['auth_token', 'refresh_token', 'token_type', 'expires_in'],
    ...['device_token', 'password_removed'],
  ],
}

type Asking = 'forgotPassword' | 'emailCode'
const pathOf = { forgotPassword: 'forgot-password', emailCode: 'email-code' } as const

/** What a person has who has asked for a code and read the mail. */
interface ReadMail {
  readonly email: string
  readonly handle: string
  readonly code: string
  readonly token: string
}

/** Asks for a code for a new account, and reads its mail. */
async function readMail(target: Target, asking: Asking): Promise<ReadMail> {
  const client = createClientOf(target.baseUrl)
  const email = freshEmail()
  await client.register({ email, password })
  const asked = await client[asking](email)
  await until(() => target.post.to(email).length > 0)
  const mail = target.post.to(email).at(-1)
  const handle = String(asked.body.handle)
  return { email, handle, code: codeIn(mail), token: linkTokenIn(mail) }
}

const askRows = (asking: Asking): Row[] => {
  const path = `/auth/${pathOf[asking]}`
  const row = (situation: string, init: RequestInit, classic: Expected): Row => ({
    request: `POST ${path}`,
    situation,
    send: (target) => post(target, path, init),
    classic,
  })
  const body = (given: unknown) => ({ headers: json, body: JSON.stringify(given) })
  return [
    {
      request: `POST ${path}`,
      situation: 'the email of an account, in other letters',
      async send({ baseUrl }) {
        const client = createClientOf(baseUrl)
        const email = freshEmail()
        await client.register({ email, password })
        return client[asking](` ${email.toUpperCase()} `)
      },
      classic: onItsWay,
    },
    row('an email without an account', body({ email: 'nobody@example.com' }), onItsWay),
    row('an email that is none', body({ email: 'nobody' }), onItsWay),
    row('no email', body({}), invalidInput),
    row('no body', {}, invalidJson),
  ]
}

/** A request with what `pick` makes of a mail that was read. */
const givenRow = (
  use: 'resetPassword' | 'loginByCode',
  situation: string,
  pick: (read: ReadMail, target: Target) => unknown,
  classic: Expected,
  asking: Asking = use === 'resetPassword' ? 'forgotPassword' : 'emailCode',
): Row => ({
  request: use === 'resetPassword' ? 'POST /auth/reset-password' : 'POST /auth/login-by-code',
  situation,
  async send(target) {
    return createClientOf(target.baseUrl)[use](await pick(await readMail(target, asking), target))
  },
  classic,
})

const useRows = (use: 'resetPassword' | 'loginByCode', success: Expected): Row[] => {
  const rest = use === 'resetPassword' ? { new_password: newPassword } : {}
  const other = use === 'resetPassword' ? 'emailCode' : 'forgotPassword'
  const typed = ({ handle, code }: ReadMail) => ({ handle, code, ...rest })
  const linked = ({ token }: ReadMail) => ({ token, ...rest })
  const row = (
    situation: string,
    pick: (read: ReadMail, target: Target) => unknown,
    classic: Expected,
    asking?: Asking,
  ) => givenRow(use, situation, pick, classic, asking)
  return [
    row('the code and its handle', typed, success),
    row('the code in small letters', (m) => ({ ...typed(m), code: m.code.toLowerCase() }), success),
    row('the token of the link', linked, success),
    row('a wrong code', (m) => ({ ...typed(m), code: '0000-0000' }), codeWrong),
    row('another handle', (m) => ({ ...typed(m), handle: 'A'.repeat(16) }), codeWrong),
    row(
      'a forged link',
      (m) => ({ ...linked(m), token: `${m.token.slice(0, -9)}AAAAAAAAA` }),
      codeWrong,
    ),
    row('a code for something else', typed, codeWrong, other),
    row('a link for something else', linked, codeWrong, other),
    row(
      'a code that was used',
      async (mail, { baseUrl }) => {
        await createClientOf(baseUrl)[use](typed(mail))
        return typed(mail)
      },
      codeWrong,
    ),
    row(
      'a code that has expired',
      async (mail, { database }) => {
        const sql = 'UPDATE portcullis_codes SET code_expires_at = 1 WHERE address = ?'
        await database.query(sql, mail.email)
        return typed(mail)
      },
      codeWrong,
    ),
    row('a code without its handle', ({ code }) => ({ code, ...rest }), invalidInput),
    row('a code and a link', (mail) => ({ ...typed(mail), ...linked(mail) }), invalidInput),
    row('nothing', () => ({}), invalidInput),
    row('a list', () => [], invalidJson),
  ]
}

export const codeRows: readonly Row[] = [
  ...askRows('forgotPassword'),
  ...askRows('emailCode'),
  ...useRows('resetPassword', changed),
  givenRow(
    'resetPassword',
    'a new password that is too short',
    ({ handle, code }) => ({ handle, code, new_password: '1234567' }),
    invalidInput,
  ),
  ...useRows('loginByCode', loggedIn),
]
