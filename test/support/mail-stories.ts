// The flows that go by mail, each told as the story of one person. A person reads the mails where
// they came, and then tries what the account can do.

import { expect } from 'vitest'
import { runNpm } from '../scripts/commands.ts'
import { freshEmail, type Tokens, tokensOf } from './client.ts'
import type { MailStage, ReadMail } from './mail-stage.ts'

/** One flow. */
export interface MailStory {
  readonly name: string
  tell(stage: MailStage): Promise<void>
}

const password = 'a good password'
const newPassword = 'another good password'

interface Person extends Tokens {
  readonly email: string
  readonly deviceToken: unknown
}

async function registered({ client }: MailStage, email = freshEmail()): Promise<Person> {
  const answer = await client.register({ email, password })
  expect(answer.status).toBe(201)
  return { email, ...tokensOf(answer), deviceToken: answer.body.device_token }
}

/** Somebody whose email is proved. */
async function proved(stage: MailStage): Promise<Person> {
  const person = await registered(stage)
  const asked = await stage.post('/auth/email-verification', {}, person.token)
  const { code } = await stage.read('verify_email', person.email)
  const body = { handle: asked.body.handle, code }
  expect((await stage.post('/auth/verify-email', body)).status).toBe(200)
  expect((await stage.post('/auth/verify-email', body)).body.code).toBe('code_wrong')
  return person
}

const isFor = async ({ client }: MailStage, token: string) =>
  (await client.status(token)).body.data as Record<string, unknown> | undefined

const accountIsProved: MailStory = {
  name: 'the proof of an email, with the password kept',
  async tell(stage) {
    const { email, token } = await proved(stage)
    expect(await isFor(stage, token)).toMatchObject({ email, email_verified: true })
    expect((await stage.client.login({ email, password })).status).toBe(200)
  },
}

const passwordIsSet = (how: 'code' | 'link'): MailStory => ({
  name: `a new password, by the ${how}`,
  async tell(stage) {
    const { client } = stage
    const { email, token } = await registered(stage)
    const { body } = await client.forgotPassword(email)
    const mail = await stage.read('reset_password', email)
    const sent = how === 'code' ? { handle: body.handle, code: mail.code } : { token: mail.token }
    const reset = { ...sent, new_password: newPassword }
    expect((await client.resetPassword(reset)).status).toBe(200)
    expect((await client.resetPassword(reset)).body.code).toBe('code_wrong')
    expect((await client.status(token)).status).toBe(401)
    expect((await client.login({ email, password })).status).toBe(404)
    const login = await client.login({ email, password: newPassword })
    expect(login.status).toBe(200)
    expect(await isFor(stage, tokensOf(login).token)).toMatchObject({ email_verified: true })
    const notice = await stage.read('password_changed', email)
    expect([notice.code, notice.token]).toEqual(['no code', 'no link'])
  },
})

const loginByCode: MailStory = {
  name: 'a login by a code, which proves the email',
  async tell(stage) {
    const { client } = stage
    const { email, token } = await registered(stage)
    const { body } = await client.emailCode(email)
    const { code } = await stage.read('sign_in', email)
    const login = await client.loginByCode({ handle: body.handle, code })
    expect([login.status, login.body.password_removed]).toEqual([200, true])
    expect(await isFor(stage, tokensOf(login).token)).toMatchObject({ email, email_verified: true })
    expect((await client.status(token)).status).toBe(401)
    expect((await client.login({ email, password })).status).toBe(404)
  },
}

const emailIsChanged: MailStory = {
  name: 'another email, and the undo of a thief',
  async tell(stage) {
    const { client } = stage
    const { email: old, token, refreshToken } = await proved(stage)
    const email = freshEmail()
    const asked = await client.changeEmail(token, { new_email: email, refresh_token: refreshToken })
    const { code } = await stage.read('change_email', email)
    expect((await client.confirmEmail({ handle: asked.body.handle, code })).status).toBe(200)
    expect(await isFor(stage, token)).toMatchObject({ email, email_verified: true })
    expect((await client.login({ email, password })).status).toBe(200)

    const undo = { token: (await stage.read('email_changed', old)).token }
    const undone = await client.undoEmailChange(undo)
    expect(undone.status).toBe(200)
    expect((await client.undoEmailChange(undo)).body.code).toBe('code_wrong')
    expect((await client.status(token)).status).toBe(401)
    const mail = await stage.read('reset_password', old)
    const reset = { handle: undone.body.handle, code: mail.code, new_password: newPassword }
    expect((await client.resetPassword(reset)).status).toBe(200)
    const statuses = [
      await client.login({ email: old, password }),
      await client.login({ email, password: newPassword }),
      await client.login({ email: old, password: newPassword }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([404, 404, 200])
  },
}

const accountIsKept: MailStory = {
  name: 'an account that is deleted, and kept by a login',
  async tell(stage) {
    const { client } = stage
    const { email, token, refreshToken } = await registered(stage)
    const deleted = await stage.post('/auth/delete-account', { refresh_token: refreshToken }, token)
    expect(deleted.status).toBe(200)
    const { text } = await stage.read('deletion_planned', email)
    expect(text).toContain(`${new Date(String(deleted.body.deletes_on)).getUTCFullYear()}`)
    expect((await client.status(token)).status).toBe(401)
    const login = await client.login({ email, password })
    expect([login.status, login.body.deletion_cancelled]).toEqual([200, true])
    const data = (await stage.get('/auth/export', tokensOf(login).token)).body.data
    expect(data).toMatchObject({ account: { email, deletes_on: null } })
  },
}

const accountIsExported: MailStory = {
  name: 'an export, which has the mails and codes',
  async tell(stage) {
    const { email, token } = await proved(stage)
    const exported = await stage.get('/auth/export', token)
    expect(exported.headers.get('Content-Disposition')).toContain('account.json')
    const date = expect.stringMatching(/^\d{4}-/)
    expect(exported.body.data).toMatchObject({
      account: { email, email_verified: true, password_set: true },
      sessions: [{ current: true }],
      mails: [{ kind: 'verify_email', address: email, sent_on: date }],
      codes: [{ purpose: 'verify_email', used_on: date }],
    })
  },
}

const deviceIsNew: MailStory = {
  name: 'a login from a new device',
  async tell(stage) {
    const { client, database } = stage
    const { email, deviceToken } = await registered(stage)
    const sql = 'UPDATE portcullis_users SET registered_at = registered_at - 3600 WHERE email = ?'
    await database.query(sql, email)
    const known = await client.login({ email, password, device_token: deviceToken })
    expect([known.status, await stage.kindsTo(email)]).toEqual([200, []])
    const login = await client.login({ email, password })
    expect(login.status).toBe(200)
    const { code, token, text } = await stage.read('new_device', email)
    expect([code, token]).toEqual(['no code', 'no link'])
    expect(text).toMatch(/^When: .* UTC$/m)
    // Whoever reads the mail puts the other one out.
    expect((await client.forgotPassword(email)).status).toBe(200)
    const reset = { token: (await stage.read('reset_password', email)).token }
    await client.resetPassword({ ...reset, new_password: newPassword })
    expect((await client.status(tokensOf(login).token)).status).toBe(401)
  },
}

const languageIsSet: MailStory = {
  name: 'a language of the account, and letters beyond ASCII',
  async tell(stage) {
    const { client } = stage
    const { email, token } = await registered(stage)
    const set = await stage.post('/auth/language', { language: 'de' }, token)
    expect(set.body.data).toMatchObject({ language: 'de' })
    const { body } = await client.forgotPassword(email)
    const { code, text } = await stage.read('reset_password', email, 'de')
    expect(text).toContain('ändert')
    const reset = { handle: body.handle, code, new_password: newPassword }
    expect((await client.resetPassword(reset)).status).toBe(200)
    await stage.read('password_changed', email, 'de')
  },
}

const registrationIsNeutral: MailStory = {
  name: 'a registration that tells nobody who has an account',
  async tell(stage) {
    const { client } = stage
    const email = freshEmail()
    const first = await client.register({ email, password })
    const { code } = await stage.read('verify_email', email)
    const again = await client.register({ email, password: newPassword })
    expect([first.status, again.status]).toEqual([202, 202])
    expect({ ...again.body, handle: '' }).toEqual({ ...first.body, handle: '' })
    const told = await stage.read('account_exists', email)
    expect([told.code, told.token]).toEqual(['no code', 'no link'])
    await proveByHandle(stage, first.body.handle, code)
    expect((await client.login({ email, password: newPassword })).status).toBe(404)
    const login = await client.login({ email, password })
    expect(await isFor(stage, tokensOf(login).token)).toMatchObject({ email, email_verified: true })
  },
}

async function proveByHandle(stage: MailStage, handle: unknown, code: ReadMail['code']) {
  expect((await stage.post('/auth/verify-email', { handle, code })).status).toBe(200)
}

const emailIsProvedFirst: MailStory = {
  name: 'no session before the email is proved',
  async tell(stage) {
    const { client } = stage
    const email = freshEmail()
    expect((await client.register({ email, password })).status).toBe(202)
    const { code } = await stage.read('verify_email', email)
    const refused = await client.login({ email, password })
    expect([refused.status, refused.body.code]).toEqual([403, 'email_unverified'])
    await proveByHandle(stage, refused.body.handle, code)
    const login = await client.login({ email, password })
    expect(login.status).toBe(200)
    const [, payload = ''] = tokensOf(login).token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect(claims.email_verified).toBe(true)
  },
}

const inviteeAccepts: MailStory = {
  name: 'an invitation, where nobody registers',
  async tell(stage) {
    const { client, database } = stage
    const email = freshEmail()
    expect((await client.register({ email, password })).body.code).toBe('registration_closed')
    const command = ['users', 'invite', email, '--role', 'editor', '--language', 'de']
    const { status } = runNpm('admin', command, { TURSO_DATABASE_URL: database.url })
    expect(status).toBe(0)
    // A request that mails something sends what waits.
    await client.emailCode(freshEmail())
    const { code, token } = await stage.read('invitation', email, 'de')
    expect(code).toBe('no code')
    const accept = { token, password }
    const accepted = await stage.post('/auth/accept-invitation', accept)
    expect(accepted.status).toBe(200)
    const again = await stage.post('/auth/accept-invitation', accept)
    expect(again.body.code).toBe('code_wrong')
    const account = { email, email_verified: true, roles: ['editor'], language: 'de' }
    expect(await isFor(stage, tokensOf(accepted).token)).toMatchObject(account)
    expect((await client.login({ email, password })).status).toBe(200)
  },
}

/** The settings of a service, and the stories that are told there. */
export const mailStories: readonly {
  readonly where: string
  readonly settings: Readonly<Record<string, string>>
  readonly stories: readonly MailStory[]
}[] = [
  {
    where: 'with the default settings',
    settings: {},
    stories: [
      ...[accountIsProved, passwordIsSet('code'), passwordIsSet('link'), loginByCode],
      ...[emailIsChanged, accountIsKept, accountIsExported, deviceIsNew, languageIsSet],
    ],
  },
  {
    where: 'with REGISTRATION=neutral',
    settings: { REGISTRATION: 'neutral' },
    stories: [registrationIsNeutral],
  },
  {
    where: 'with REQUIRE_VERIFIED_EMAIL=login',
    settings: { REQUIRE_VERIFIED_EMAIL: 'login' },
    stories: [emailIsProvedFirst],
  },
  {
    where: 'with REGISTRATION=closed',
    settings: { REGISTRATION: 'closed' },
    stories: [inviteeAccepts],
  },
]
