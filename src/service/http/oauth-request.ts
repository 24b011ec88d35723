// Requests of OAuth clients: a form with a token, and the client's credentials. See RFC 6749
// §2.3.1, RFC 7009 §2.1 and RFC 7662 §2.1.

import type { Context } from 'hono'
import { type ClientReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { ClientCredentials } from '../domain/oauth/authenticate-client.ts'
import type { ServiceEnv } from './service-env.ts'

/** What a client asks about, and its credentials, if it presents any. */
export interface OAuthRequest {
  readonly token: string
  readonly credentials: ClientCredentials | undefined
}

/**
 * The request, or why it is refused. The credentials may come in the header or in the form, but not
 * in both. No parameter may come twice. A hint of the token's type is ignored, because it is not
 * needed.
 */
export async function readOAuthRequest(
  c: Context<ServiceEnv>,
): Promise<Result<OAuthRequest, ClientReason>> {
  const text = new TextDecoder().decode(await c.req.arrayBuffer())
  const form = parseForm(c.req.header('Content-Type'), text)
  const token = form?.get('token')
  if (!form || !token) return refuse('oauth_request_invalid')
  const authorization = c.req.header('Authorization')
  const secret = form.get('client_secret')
  if (authorization !== undefined && secret !== null) return refuse('oauth_request_invalid')
  if (authorization === undefined) {
    const id = form.get('client_id') ?? ''
    return succeed({ token, credentials: secret === null ? undefined : { id, secret } })
  }
  const credentials = parseBasic(authorization)
  return credentials ? succeed({ token, credentials }) : refuse('client_unknown')
}

function parseForm(contentType = '', text: string): URLSearchParams | undefined {
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType)) return undefined
  const form = new URLSearchParams(text)
  const names = [...form.keys()]
  return new Set(names).size === names.length ? form : undefined
}

/**
 * The id and the secret are encoded like a form before they are encoded in base64 (RFC 6749
 * §2.3.1). Neither has a space, so a `+` is a plus that was not encoded.
 */
function parseBasic(authorization: string): ClientCredentials | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? []
  try {
    const [, id, secret] = /^([^:]*):(.*)$/s.exec(atob(encoded ?? '')) ?? []
    if (id === undefined || secret === undefined) return undefined
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) }
  } catch {
    return undefined
  }
}
