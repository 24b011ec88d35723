// The rows of a change of the email: asking, confirming, taking it back. The mails are real ones.

import { createClientOf, freshEmail, tokensOf } from '../support/client.ts'
import { codeIn, linkTokenIn } from '../support/mailed-code.ts'
import { until } from '../support/server.ts'
import { codeWrong, type Expected, invalidInput, password, type Row } from './row.ts'
import type { Target } from './targets.ts'

const asked: Expected = { status: 200, message: 'Check the new email.', has: ['handle'] }
const changed: Expected = { status: 200, message: 'Email changed.', has: ['device_token'] }
const undone: Expected = {
  status: 200,
  message: 'The old email is back. Check it for a code, and set a new password.',
  has: ['handle'],
}
const taken: Expected = {
  status: 202,
  message: 'User already exists. Please Log in.',
  code: 'email_taken',
}

/** A new account that asks for another email. */
async function ask({ baseUrl }: Target, newEmail = freshEmail()) {
  const client = createClientOf(baseUrl)
  const email = freshEmail()
  const { token, refreshToken } = tokensOf(await client.register({ email, password }))
  const body = { new_email: newEmail, refresh_token: refreshToken }
  const session = { token, refreshToken }
  return { client, session, newEmail, email, answer: await client.changeEmail(token, body) }
}

async function lastMailTo({ post }: Target, email: string, mails = 1) {
  await until(() => post.to(email).length >= mails)
  return post.to(email).at(-1)
}

async function readMail(target: Target) {
  const { client, session, newEmail, answer } = await ask(target)
  const mail = await lastMailTo(target, newEmail)
  const typed = { handle: answer.body.handle, code: codeIn(mail) }
  return { client, session, newEmail, typed, linked: { token: linkTokenIn(mail) } }
}

type ReadMail = Awaited<ReturnType<typeof readMail>>

const askRow = (
  situation: string,
  send: (target: Target) => ReturnType<Row['send']>,
  classic: Expected,
): Row => ({ request: 'POST /auth/change-email', situation, send, classic })

const confirmRow = (
  situation: string,
  pick: (read: ReadMail) => unknown,
  classic: Expected,
  standard?: Row['standard'],
): Row => ({
  request: 'POST /auth/confirm-email',
  situation,
  async send(target) {
    const read = await readMail(target)
    return read.client.confirmEmail(await pick(read))
  },
  classic,
  ...(standard && { standard }),
})

const undoRow = (
  situation: string,
  pick: (token: string, read: ReadMail) => unknown,
  classic: Expected,
): Row => ({
  request: 'POST /auth/undo-email-change',
  situation,
  async send(target) {
    const read = await readMail(target)
    const { client, session, newEmail, typed } = read
    await client.confirmEmail(typed)
    // The email of this second change is proved, so it can be taken back.
    const last = freshEmail()
    const body = { new_email: last, refresh_token: session.refreshToken }
    const { body: answer } = await client.changeEmail(session.token, body)
    const code = codeIn(await lastMailTo(target, last))
    await client.confirmEmail({ handle: answer.handle, code })
    const token = linkTokenIn(await lastMailTo(target, newEmail, 2))
    return read.client.undoEmailChange(await pick(token, read))
  },
  classic,
})

export const emailRows: readonly Row[] = [
  askRow('a new email, after a login', async (target) => (await ask(target)).answer, asked),
  askRow(
    'the email of another account',
    async (target) => {
      const { email } = await ask(target)
      return (await ask(target, email)).answer
    },
    asked,
  ),
  askRow(
    'a text that is no email',
    async (target) => (await ask(target, 'x')).answer,
    invalidInput,
  ),
  askRow(
    'no refresh token',
    async ({ baseUrl }) => {
      const client = createClientOf(baseUrl)
      return client.changeEmail(await client.token(), { new_email: freshEmail() })
    },
    invalidInput,
  ),
  confirmRow('the code and its handle', ({ typed }) => typed, changed),
  confirmRow(
    'the token of the link, and the password',
    ({ linked }) => ({ ...linked, password }),
    changed,
  ),
  confirmRow('the token of the link alone', ({ linked }) => linked, {
    status: 403,
    message:
      'Give the password of the account. Only POST /auth/verify-email takes remove_password in its place.',
    code: 'password_needed',
  }),
  confirmRow('a wrong code', ({ typed }) => ({ ...typed, code: '0000-0000' }), codeWrong),
  confirmRow('nothing', () => ({}), invalidInput),
  confirmRow(
    'an email that was registered meanwhile',
    async ({ client, newEmail, typed }) => {
      await client.register({ email: newEmail, password })
      return typed
    },
    taken,
    { ...taken, status: 409 },
  ),
  undoRow('the token of the link', (token) => ({ token }), undone),
  undoRow('a forged link', (token) => ({ token: `${token.slice(0, -9)}AAAAAAAAA` }), codeWrong),
  undoRow('nothing', () => ({}), invalidInput),
  undoRow(
    'a link that was used',
    async (token, { client }) => {
      await client.undoEmailChange({ token })
      return { token }
    },
    codeWrong,
  ),
]
