// The cost of a request must not grow with the number of accounts, sessions or revocations. Every
// statement finds its rows by an index.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  deleteAttempts,
  deleteForgottenAttempts,
  listAttempts,
} from '../../../src/service/store/attempts.ts'
import { deleteDueAccounts } from '../../../src/service/store/due-deletions.ts'
import { deleteEndedSessions } from '../../../src/service/store/session-endings.ts'
import { inviteEmail } from '../../support/invite.ts'
import { createMailingService } from '../../support/mail.ts'
import { linkTokenIn } from '../../support/mailed-code.ts'
import { recordStatements } from '../../support/query-plans.ts'
import {
  ask,
  bearing,
  changeAccount,
  createTestService,
  freshEmail,
  logout,
  post,
  postForm,
  postWith,
  refreshWith,
  registerAccount,
  testEntry,
  tokensOf,
} from '../../support/service.ts'

const pages = { ACCOUNT_PAGES_URL: 'https://app.example.com' }
const client = createClient({ url: inject('databaseUrl') })
const { recording, scansOf, stepsOf } = recordStatements(client)
const { app, config } = await createTestService({}, { database: recording })

describe('every statement finds its rows by an index:', () => {
  it('accounts', async () => {
    const { email, password } = await registerAccount(app)
    expect(await scansOf(() => registerAccount(app))).toEqual([])
    expect(await scansOf(() => post(app, '/auth/login', { email, password }))).toEqual([])
  })

  it('sessions', async () => {
    const { token, refreshToken, password } = await registerAccount(app)
    const id = 'x'.repeat(16)
    const asked: (() => Promise<unknown>)[] = [
      () => refreshWith(app, refreshToken),
      () => ask(app, '/auth/status', bearing(token)),
      () => ask(app, '/auth/sessions', bearing(token)),
      () => ask(app, '/auth/events?before=9&limit=9', bearing(token)),
      () => ask(app, `/auth/sessions/${id}`, { method: 'DELETE', ...bearing(token) }),
      () => postWith(app, '/auth/reauthenticate', token, { password }),
      () => postForm(app, '/oauth/revoke', { token: refreshToken }),
      () => logout(app, token),
      () => postForm(app, '/oauth/revoke', { token }),
    ]
    for (const request of asked) expect(await scansOf(request)).toEqual([])
  })

  it('logging out everywhere', async () => {
    const { token, refreshToken } = await registerAccount(app)
    let kept = ''
    const keep = async () => {
      const body = { keep_current: true, refresh_token: refreshToken }
      const answer = await postWith(app, '/auth/logout-everywhere', token, body)
      kept = tokensOf(answer).token
    }
    expect(await scansOf(keep)).toEqual([])
    expect(await scansOf(() => postWith(app, '/auth/logout-everywhere', kept, {}))).toEqual([])
  })

  it('a change of the password', async () => {
    const { token, password } = await registerAccount(app)
    const { token: other, refreshToken } = await registerAccount(app)
    const changeTo = (caller: string, body: object) =>
      postWith(app, '/auth/change-password', caller, { new_password: 'a third password', ...body })
    const keep = { keep_sessions: true, refresh_token: refreshToken }
    expect(await scansOf(() => changeTo(token, { password }))).toEqual([])
    expect(await scansOf(() => changeTo(other, keep))).toEqual([])
  })

  it('codes and their mail', async () => {
    const mailing = await createMailingService(pages, { database: recording })
    const scansOfPost = async (path: string, body: object) => {
      const scans = await scansOf(() => post(mailing.app, path, body))
      await mailing.settle()
      return scans
    }
    const { email, token } = await registerAccount(mailing.app)
    const handle = 'h'.repeat(16)
    expect(await scansOfPost('/auth/forgot-password', { email })).toEqual([])
    const link = linkTokenIn(mailing.mailbox.to(email).at(-1))
    const code = { handle, code: 'AAAA-AAAA' }
    const new_password = 'another good password'
    expect(await scansOfPost('/auth/login-by-code', code)).toEqual([])
    expect(await scansOfPost('/auth/verify-email', code)).toEqual([])
    expect(await scansOfPost('/auth/reset-password', { ...code, new_password })).toEqual([])
    const asking = () => postWith(mailing.app, '/auth/email-verification', token, {})
    expect(await scansOf(asking)).toEqual([])
    await mailing.settle()
    expect(await scansOfPost('/auth/reset-password', { token: link, new_password })).toEqual([])
    expect(await scansOfPost('/auth/email-code', { email })).toEqual([])
    const sign = linkTokenIn(mailing.mailbox.to(email).at(-1))
    expect(await scansOfPost('/auth/login-by-code', { token: sign })).toEqual([])
    expect(await scansOf(() => mailing.sendMail({}))).toEqual([])
  })

  it('a change of the email, and its undo', async () => {
    const mailing = await createMailingService(pages, { database: recording })
    const { email, password, token, refreshToken } = await registerAccount(mailing.app)
    await changeAccount(email, 'email_verified_at = unixepoch()')
    const body = { new_email: freshEmail(), refresh_token: refreshToken }
    const asking = () => postWith(mailing.app, '/auth/change-email', token, body)
    expect(await scansOf(asking)).toEqual([])
    await mailing.settle()
    const linkTo = (to: string) => ({ token: linkTokenIn(mailing.mailbox.to(to).at(-1)) })
    const link = { ...linkTo(body.new_email), password }
    expect(await scansOf(() => post(mailing.app, '/auth/confirm-email', link))).toEqual([])
    await mailing.settle()
    const undo = linkTo(email)
    expect(await scansOf(() => post(mailing.app, '/auth/undo-email-change', undo))).toEqual([])
  })

  it('a deletion of the account, at once and after its time', async () => {
    const variables = { ACCOUNT_DELETION_DAYS: '0' }
    const mailing = await createMailingService(variables, { database: recording })
    const { token, refreshToken } = await registerAccount(mailing.app)
    const body = { refresh_token: refreshToken }
    const erase = () => postWith(mailing.app, '/auth/delete-account', token, body)
    expect(await scansOf(erase)).toEqual([])
    expect(await scansOf(() => deleteDueAccounts(recording, testEntry))).toEqual([])
  })

  it('a registration and a login without a session', async () => {
    const variables = { REGISTRATION: 'neutral', REQUIRE_VERIFIED_EMAIL: 'login' }
    const mailing = await createMailingService(variables, { database: recording })
    const { email, password } = await registerAccount(app)
    for (const path of ['/auth/register', '/auth/login']) {
      expect(await scansOf(() => post(mailing.app, path, { email, password }))).toEqual([])
      await mailing.settle()
    }
  })

  it('a mail about a new device', async () => {
    const mailing = await createMailingService({}, { database: recording })
    const { email, password } = await registerAccount(mailing.app)
    await changeAccount(email, 'registered_at = 1')
    const login = () => post(mailing.app, '/auth/login', { email, password })
    expect(await scansOf(login)).toEqual([])
    await mailing.settle()
    expect(mailing.mailbox.to(email)).toHaveLength(1)
  })

  it('invitations', async () => {
    const mailing = await createMailingService(pages, { database: recording })
    const email = freshEmail()
    expect(await scansOf(() => inviteEmail(email, { roles: ['admin'] }, recording))).toEqual([])
    expect(await scansOf(() => mailing.sendMail({}))).toEqual([])
    const token = linkTokenIn(mailing.mailbox.to(email).at(-1))
    const body = { token, password: 'a good password' }
    const accepting = () => post(mailing.app, '/auth/accept-invitation', body)
    expect(await scansOf(accepting)).toEqual([])
  })

  it('the sessions of an account, without those that have ended', async () => {
    const { email, password } = await registerAccount(app)
    const { token } = tokensOf(await post(app, '/auth/login', { email, password }))
    const requests = [
      () => post(app, '/auth/login', { email, password }),
      () => ask(app, '/auth/sessions', bearing(token)),
      () => postWith(app, '/auth/logout-everywhere', token, {}),
    ]
    for (const request of requests) {
      const ofAccount = (await stepsOf(request)).filter((step) => step.includes('user_id=?'))
      expect(ofAccount).not.toEqual([])
      expect(ofAccount.filter((step) => !step.includes('expires_at>?'))).toEqual([])
    }
  })

  it('housekeeping', async () => {
    expect(await scansOf(() => deleteEndedSessions(recording))).toEqual([])
    const { attempts } = config.limits
    expect(await scansOf(() => deleteForgottenAttempts(recording, attempts))).toEqual([])
  })

  it('the attempts of an account, by their keys alone', async () => {
    const { attempts } = config.limits
    const ofAccounts = [
      () => listAttempts(recording, 'key', attempts),
      () => deleteAttempts(recording, ['key', 'another'], 1, testEntry),
    ]
    for (const ask of ofAccounts) {
      const steps = (await stepsOf(ask)).filter((step) => step.includes('portcullis_attempts'))
      expect(steps).not.toEqual([])
      const byKey = /^SEARCH portcullis_attempts USING PRIMARY KEY \(key/
      expect(steps.filter((step) => !byKey.test(step))).toEqual([])
    }
  })

  it('and the test detects a scan', async () => {
    const everyone = () =>
      recording.withClient((one) =>
        one.execute({
          sql: 'SELECT count(*) FROM portcullis_sessions WHERE device = ?',
          args: [''],
        }),
      )
    expect(await scansOf(everyone)).toHaveLength(1)
  })
})
