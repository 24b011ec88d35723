// Each route records in the audit what its description says, and nothing else. The requests come
// from the list of routes: a new route needs a provocation for each of its outcomes.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import type { Reason } from '../../../src/errors/reasons.ts'
import type { AuditOutcome } from '../../../src/service/domain/audit-entry.ts'
import { refusalsOf } from '../../../src/service/http/refusals-of-route.ts'
import {
  createService,
  goodCookieRequest,
  goodRequest,
  type MountedRoute,
  mountedRoutes,
  provocations,
  type RequestParts,
  sendParts,
} from '../../support/route-requests.ts'
import {
  bearing,
  createTestService,
  freshEmail,
  post,
  postForm,
  registerAccount,
  sessionIdOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const names = ['Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0', '192.0.2.7']
const [agent = '', address = ''] = names

/** An event with its personal details, as it is stored. */
interface StoredEvent {
  readonly seq: number
  readonly event: string
  readonly outcome: string
  readonly actor: string
  readonly user_id: number | null
  readonly session_id: string | null
  readonly attempt_seq: number | null
  readonly target: string | null
  readonly address: string | null
  readonly device: string | null
  readonly lasts: number | null
}

async function query<Row>(sql: string, ...args: (string | number)[]): Promise<Row[]> {
  const { rows } = await client.execute({ sql, args })
  return rows.map((row) => ({ ...row })) as Row[]
}

const eventsOf = (requestId: string | null) =>
  query<StoredEvent>(
    `SELECT e.seq, event, outcome, actor, user_id, session_id, attempt_seq, target, address, device,
      expires_at - at AS lasts
      FROM portcullis_audit_events e LEFT JOIN portcullis_audit_details d ON d.seq = e.seq
      WHERE request_id = ? ORDER BY e.seq`,
    requestId ?? '',
  )

/** The events that a request leaves behind. */
async function eventsAfter(parts: RequestParts): Promise<StoredEvent[]> {
  const { headers } = await sendParts({
    ...parts,
    headers: { ...parts.headers, 'User-Agent': agent },
  })
  return eventsOf(headers.get('X-Request-Id'))
}

/** A request that ends so. */
async function requestFor(mounted: MountedRoute, outcome: AuditOutcome): Promise<RequestParts> {
  const parts = await goodRequest(mounted, await createService({}))
  if (outcome === 'success' || outcome === 'attempted') return parts
  if (outcome === 'deletion_cancelled') return onceDue(parts)
  if (outcome === 'internal') return { ...parts, service: await serviceWithoutClaims() }
  const provoke = provocations[outcome as Reason]
  if (!provoke) throw new Error(`Nobody knows how to provoke ${outcome}`)
  return provoke(parts, {})
}

/** The deletion of the account of the request was planned. */
async function onceDue(parts: RequestParts): Promise<RequestParts> {
  const { email = '', handle = '', token = '' } = JSON.parse(String(parts.body))
  const ofHandle = `SELECT user_id FROM portcullis_codes INNER JOIN portcullis_code_handles
    ON code_id = portcullis_codes.id WHERE portcullis_code_handles.id = ?`
  const due = `UPDATE portcullis_users SET deletion_due_at = 4000000000
    WHERE email = ? OR id = (${ofHandle})
    OR id = (SELECT user_id FROM portcullis_codes WHERE id = ?)`
  // The token of a link begins with the id of its code.
  await query(due, email, handle, token.split('.')[0])
  return parts
}

/** The first token of an account cannot be signed, so that the account is deleted again. */
const serviceWithoutClaims = () =>
  createTestService({}, { claims: () => Promise.reject(new Error('The hook fails')) })

const audited = mountedRoutes.flatMap((mounted) =>
  mounted.route.audit.map((outcome) => ({ ...mounted, outcome })),
)
const silent = mountedRoutes.filter(({ route }) => !route.audit.includes('success'))
const targets: Readonly<Record<string, RegExp>> = {
  endSession: /^[\w-]{16}$/,
  revokeToken: /^[\w-]{16}$/,
}

describe('the audit', () => {
  it.each(audited)('has the event of $operation: $outcome', async (mounted) => {
    const { name } = mounted.route
    const found = await eventsAfter(await requestFor(mounted, mounted.outcome))
    const [event, ...others] = found.filter(({ outcome }) => outcome === mounted.outcome)
    expect(others).toEqual([])
    expect(event).toMatchObject({ event: name, actor: 'user', lasts: 30 * 86_400 })
    expect(event?.device).toBe('Firefox on Windows')
    expect(event?.user_id).toEqual(expect.any(Number))
    if (mounted.outcome !== 'success') return
    const sessions = 'SELECT user_id FROM portcullis_sessions WHERE id = ?'
    const withoutSession = [
      ...['forgotPassword', 'resetPassword', 'emailCode', 'verifyEmail'],
      ...['requestVerification', 'confirmEmail', 'undoEmailChange'],
    ]
    const hasSession = !withoutSession.includes(name)
    const owners = hasSession ? [{ user_id: event?.user_id }] : []
    expect(await query(sessions, event?.session_id ?? '')).toEqual(owners)
    const target = targets[name]
    expect(event?.target).toEqual(target ? expect.stringMatching(target) : null)
    const attempt = found.find(({ outcome }) => outcome === 'attempted')
    expect(event?.attempt_seq).toBe(attempt?.seq ?? null)
  })

  it.each(silent)('has no event of a good $operation', async (mounted) => {
    expect(await eventsAfter(await requestFor(mounted, 'success'))).toEqual([])
  })

  it.each(mountedRoutes)('has no success of a refused $operation', async (mounted) => {
    const { route, family } = mounted
    for (const reason of refusalsOf(route, family)) {
      const provoke = provocations[reason]
      if (!provoke) continue
      const parts = await provoke(await goodRequest(mounted, await createService({})), {})
      const outcomes = (await eventsAfter(parts)).map(({ outcome }) => outcome)
      expect(outcomes, reason).not.toContain('success')
      expect(route.audit, reason).toEqual(expect.arrayContaining(outcomes))
    }
  })
})

describe('without an access token', () => {
  it('a logout by the refresh cookie is recorded', async () => {
    const mounted = mountedRoutes.find(({ route }) => route.name === 'logout')
    if (!mounted) throw new Error('There is no logout')
    const parts = await goodCookieRequest(mounted, {})
    const Cookie = String(parts.headers.Cookie).replace(/\.[\w-]+(?=;)/, '.AAAA')
    const [event, ...others] = await eventsAfter({
      ...parts,
      headers: { ...parts.headers, Cookie },
    })
    expect(others).toEqual([])
    const session_id = /refresh_token=([\w-]{16})/.exec(Cookie)?.[1]
    expect(event).toMatchObject({ event: 'logout', outcome: 'success', session_id, target: null })
    expect(event?.user_id).toEqual(expect.any(Number))
  })

  it('a revocation by the refresh token is recorded once', async () => {
    const { app } = await createTestService()
    const { refreshToken } = await registerAccount(app)
    const revoke = async () => {
      const answer = await postForm(app, '/oauth/revoke', { token: refreshToken })
      return eventsOf(answer.headers.get('X-Request-Id'))
    }
    const session_id = sessionIdOf(refreshToken)
    expect(await revoke()).toMatchObject([{ event: 'revokeToken', outcome: 'success', session_id }])
    expect(await revoke()).toEqual([])
  })
})

describe('a login', () => {
  const asked = async (email: string, variables = {}) => {
    const { app } = await createTestService(variables, { clientAddress: () => address })
    const answer = await post(app, '/auth/login', { email, password: 'another password' })
    return eventsOf(answer.headers.get('X-Request-Id'))
  }

  it('with a wrong password is an attempt without a success', async () => {
    const { app } = await createTestService()
    const { email, token } = await registerAccount(app)
    const status = await app.request('/auth/status', bearing(token))
    const { data } = (await status.json()) as { data: { user_id: number } }
    const events = await asked(email)
    expect(events).toMatchObject([{ outcome: 'attempted', user_id: data.user_id, address }])
  })

  it('to an unknown email is an attempt that names no account', async () => {
    expect(await asked(freshEmail())).toMatchObject([
      { outcome: 'attempted', user_id: null, session_id: null, address },
    ])
  })

  it('keeps no personal details with AUDIT_DETAILS_DAYS=0', async () => {
    const [event] = await asked(freshEmail(), { AUDIT_DETAILS_DAYS: '0' })
    expect(event).toMatchObject({ outcome: 'attempted', address: null, device: null, lasts: null })
  })

  it('keeps personal details as long as it is set', async () => {
    const [event] = await asked(freshEmail(), { AUDIT_DETAILS_DAYS: '400' })
    expect(event?.lasts).toBe(400 * 86_400)
  })
})
