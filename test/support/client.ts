// A client of the service, as plain as curl.

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

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, init)
  const text = await answer.text()
  const isJson = /^application\/json/.test(answer.headers.get('Content-Type') ?? '')
  const body = isJson && text ? JSON.parse(text) : {}
  return { status: answer.status, headers: answer.headers, text, body }
}

function postJson(url: string, body: unknown): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return send(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Authorization for `fetch`. */
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
    health: () => send(`${baseUrl}/health`),
    ready: () => send(`${baseUrl}/ready`),
    /** A new account's token. */
    async token(): Promise<string> {
      return String((await this.register()).body.auth_token)
    },
  }
}
