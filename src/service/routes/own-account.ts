// What owners do with their account as a whole: get what is stored of it, delete it, and set the
// language of its mails.

import * as v from 'valibot'
import { succeed } from '../../errors/reasons.ts'
import { setLanguage } from '../domain/accounts/set-language.ts'
import { exportOwnAccount, type OwnExport } from '../domain/audit/export-account.ts'
import { deleteOwnAccount } from '../domain/sessions/delete-account.ts'
import { bodyOf } from '../http/body-schema.ts'
import { languageField, noticeReaderOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import { expireTokenCookies, presentedRefreshToken, refreshBody } from '../http/token-transport.ts'
import { accountMembers } from './account-members.ts'
import { eventMembers } from './events.ts'
import { formatInstant } from './instant.ts'
import { sessionMembers } from './sessions.ts'

const languageBody = bodyOf({ language: languageField })
const proof = bodyOf({ refresh_token: v.optional(refreshBody.entries.refresh_token) })

const deleteRoute = defineRoute({
  name: 'deleteAccount',
  method: 'POST',
  path: '/delete-account',
  credential: 'access_token',
  body: () => proof,
  isBodyOptional: true,
  limits: 'none',
  refusals: ['login_not_fresh', 'refresh_token_invalid'],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, entry }) {
    const dueAt = await deleteOwnAccount(deps, token, {
      refreshToken: await presentedRefreshToken(c, deps, body.refresh_token),
      ...noticeReaderOf(c),
      entry,
    })
    if (!dueAt.ok) return dueAt
    expireTokenCookies(c, deps)
    if (dueAt.value === undefined) return succeed(respond(c, { message: 'Account deleted.' }))
    sendAfterAnswer(c, deps)
    const deletes_on = formatInstant(dueAt.value)
    return succeed(respond(c, { message: 'Your account will be deleted.', deletes_on }))
  },
})

const exportRoute = defineRoute({
  name: 'exportAccount',
  method: 'GET',
  path: '/export',
  credential: 'access_token',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token }) {
    const stored = await exportOwnAccount(deps, token)
    if (!stored.ok) return stored
    c.header('Content-Disposition', 'attachment; filename="account.json"')
    return succeed(respond(c, { data: exportMembers(stored.value) }))
  },
})

const languageRoute = defineRoute({
  name: 'setLanguage',
  method: 'POST',
  path: '/language',
  credential: 'access_token',
  body: () => languageBody,
  limits: 'mail',
  refusals: [],
  audit: ['success'],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, body, entry }) {
    const account = await setLanguage(deps, token, body.language, entry)
    if (!account.ok) return account
    return succeed(respond(c, { data: accountMembers(account.value) }))
  },
})

/** The routes of the account as a whole. */
export const ownAccountRoutes = [exportRoute, deleteRoute, languageRoute] as const

function exportMembers(stored: OwnExport) {
  const { account, sessions, sessionId, events, next = null, mails, codes } = stored
  return {
    account: {
      ...accountMembers(account),
      password_set: account.hasPassword,
      deletes_on: instantOrNull(account.deletionDueAt),
    },
    sessions: sessions.map((session) =>
      sessionMembers({ ...session, isCurrent: session.sessionId === sessionId }),
    ),
    events: events.map(eventMembers),
    next_events: next,
    mails: mails.map(({ kind, address, device, createdAt, sentAt }) => ({
      ...{ kind, address, device, queued_on: formatInstant(createdAt) },
      sent_on: instantOrNull(sentAt),
    })),
    codes: codes.map(({ purpose, createdAt, linkExpiresAt, usedAt }) => ({
      ...{ purpose, created_on: formatInstant(createdAt) },
      ...{ expires_on: formatInstant(linkExpiresAt), used_on: instantOrNull(usedAt) },
    })),
  }
}

function instantOrNull(at: number | null): string | null {
  return at === null ? null : formatInstant(at)
}
