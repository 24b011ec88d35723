// Reads what a request presents, as its route requires it. The domain decides whether it is good.

import type { Context } from 'hono'
import { type Reason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { authenticateClient } from '../domain/oauth/authenticate-client.ts'
import { readOAuthRequest } from './oauth-request.ts'
import type { InputRefusal } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'
import { presentedAccessToken, readRefreshToken } from './token-transport.ts'

/**
 * What a route takes: nothing, an access token, a token that names a session (for logout), a
 * refresh token, or a form. The form has a token. For `oauth_client` it must come from a known
 * OAuth client. For `oauth_client_if_any` that holds only if the client presents credentials.
 */
export type Credential =
  | 'none'
  | 'access_token'
  | 'session_tokens'
  | 'refresh_token'
  | 'oauth_client'
  | 'oauth_client_if_any'

/**
 * What the handler gets: nothing, or the token. For logout it gets the token, or why there is none.
 */
export type TokenOf<C extends Credential> = C extends 'none'
  ? undefined
  : C extends 'session_tokens'
    ? ReturnType<typeof presentedAccessToken>
    : string

type Reader = (c: Context<ServiceEnv>, deps: Deps) => Presented | Promise<Presented>
type Presented = Result<unknown, InputRefusal>

/** Credential → how it is read. */
const readers: Readonly<Record<Credential, Reader>> = {
  none: () => succeed(undefined),
  access_token: (c, deps) => explained(presentedAccessToken(c, deps)),
  session_tokens: (c, deps) => succeed(presentedAccessToken(c, deps)),
  refresh_token: readRefreshToken,
  oauth_client: (c, deps) => readTokenOfClient(c, deps, true),
  oauth_client_if_any: (c, deps) => readTokenOfClient(c, deps, false),
}

/** Reads the credential of a request, or says why there is none. */
export function readCredential(
  credential: Credential,
  c: Context<ServiceEnv>,
  deps: Deps,
): Presented | Promise<Presented> {
  return readers[credential](c, deps)
}

/**
 * Client credentials that are presented must be right. If a client is required, missing ones count
 * as wrong.
 */
async function readTokenOfClient(
  c: Context<ServiceEnv>,
  deps: Deps,
  isClientRequired: boolean,
): Promise<Presented> {
  const request = await readOAuthRequest(c)
  if (!request.ok) return explained(request)
  const { token, credentials } = request.value
  if (!credentials && !isClientRequired) return succeed(token)
  const client = await authenticateClient(deps, credentials ?? { id: '', secret: '' })
  return client.ok ? succeed(token) : explained(client)
}

function explained<T, R extends Reason>(result: Result<T, R>): Result<T, InputRefusal> {
  return result.ok ? result : refuse({ reason: result.error })
}
