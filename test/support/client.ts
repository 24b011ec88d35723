// A plain client of the service, like curl.

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setImmediate } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

let emails = 0

/** An email that no other test of this file has. */
export function freshEmail(): string {
  emails += 1
  return `person-${emails}@example.com`
}

/**
 * Far more than any answer takes. A longer wait would never end, so the test fails and names it.
 */
const patienceMs = 60_000

type Listener = (method: string, url: URL, answer: Answer) => void

let listener: Listener = () => {}

/** Calls the listener with every answer of this file, to check what holds for all of them. */
export function listenToAnswers(heard: Listener): void {
  listener = heard
}

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  // A command that blocks the process for seconds delays the news of closed connections.
  await setImmediate()
  const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs), ...init }).catch(
    (cause) => {
      throw new Error(`${init.method ?? 'GET'} ${url}: ${String(cause)}`, { cause })
    },
  )
  const text = await answer.text()
  const isJson = /^application\/([a-z-]+\+)?json/.test(answer.headers.get('Content-Type') ?? '')
  const body = isJson && text ? JSON.parse(text) : {}
  const heard = { status: answer.status, headers: answer.headers, text, body }
  listener(init.method ?? 'GET', new URL(url), heard)
  return heard
}

/** The tokens of a login. */
export interface Tokens {
  readonly token: string
  readonly refreshToken: string
}

/** The tokens of an answer. */
export function tokensOf({ body }: Pick<Answer, 'body'>): Tokens {
  return { token: String(body.auth_token), refreshToken: String(body.refresh_token) }
}

function postJson(url: string, body: unknown, token?: string): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', ...(token && bearing(token).headers) }
  return send(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Posts a form. `client` is an OAuth client's `id:secret`. */
function postForm(url: string, form: Record<string, string>, client?: string): Promise<Answer> {
  const headers = client && { Authorization: `Basic ${btoa(client)}` }
  return send(url, { method: 'POST', body: new URLSearchParams(form), ...(headers && { headers }) })
}

/**
 * A POST in chunks without a Content-Length, all written at once. A server may stop reading, answer
 * and close the connection. A client that is still writing then gets no answer.
 */
export async function postChunks(url: string, chunk: string, count: number): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }
  const posting = request(url, { method: 'POST', headers, agent: false })
  for (let written = 0; written < count; written += 1) posting.write(chunk)
  posting.end()
  const [response] = (await once(posting, 'response')) as [IncomingMessage]
  posting.on('error', () => {})
  const text = String(await response.setEncoding('utf8').reduce((all, part) => all + part, ''))
  const fields = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
  const status = response.statusCode ?? 0
  return { status, headers: new Headers(Object.fromEntries(fields)), text, body: JSON.parse(text) }
}

/** The Authorization header for `fetch`. */
export function bearing(token: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${token}` } }
}

/** The endpoints of one service. */
export function createClientOf(baseUrl: string) {
  const credentials = () => ({ email: freshEmail(), password: 'a good password' })
  return {
    register: (body: unknown = credentials()) => postJson(`${baseUrl}/auth/register`, body),
    login: (body: unknown) => postJson(`${baseUrl}/auth/login`, body),
    status: (token: string) => send(`${baseUrl}/auth/status`, bearing(token)),
    logout: (token: string) =>
      send(`${baseUrl}/auth/logout`, { method: 'POST', ...bearing(token) }),
    refresh: (refreshToken: string) =>
      postJson(`${baseUrl}/auth/refresh`, { refresh_token: refreshToken }),
    sessions: (token: string) => send(`${baseUrl}/auth/sessions`, bearing(token)),
    events: (token: string, query = '') => send(`${baseUrl}/auth/events${query}`, bearing(token)),
    endSession: (token: string, id: string) =>
      send(`${baseUrl}/auth/sessions/${id}`, { method: 'DELETE', ...bearing(token) }),
    logoutEverywhere: (token: string, body: unknown = {}) =>
      postJson(`${baseUrl}/auth/logout-everywhere`, body, token),
    reauthenticate: (token: string, password: string) =>
      postJson(`${baseUrl}/auth/reauthenticate`, { password }, token),
    changePassword: (token: string, body: unknown) =>
      postJson(`${baseUrl}/auth/change-password`, body, token),
    forgotPassword: (email: string) => postJson(`${baseUrl}/auth/forgot-password`, { email }),
    resetPassword: (body: unknown) => postJson(`${baseUrl}/auth/reset-password`, body),
    emailCode: (email: string) => postJson(`${baseUrl}/auth/email-code`, { email }),
    loginByCode: (body: unknown) => postJson(`${baseUrl}/auth/login-by-code`, body),
    changeEmail: (token: string, body: unknown) =>
      postJson(`${baseUrl}/auth/change-email`, body, token),
    confirmEmail: (body: unknown) => postJson(`${baseUrl}/auth/confirm-email`, body),
    undoEmailChange: (body: unknown) => postJson(`${baseUrl}/auth/undo-email-change`, body),
    revoke: (token: string) => postForm(`${baseUrl}/oauth/revoke`, { token }),
    introspect: (token: string, client: string) =>
      postForm(`${baseUrl}/oauth/introspect`, { token }, client),
    health: () => send(`${baseUrl}/health`),
    ready: () => send(`${baseUrl}/ready`),
    /** The token of a new account. */
    async token(): Promise<string> {
      return (await this.tokens()).token
    },
    /** The tokens of a new account. */
    async tokens(): Promise<Tokens> {
      return tokensOf(await this.register())
    },
  }
}
