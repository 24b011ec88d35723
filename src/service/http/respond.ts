// The app writes the envelope of the contract only here. Refusals have OAuth's own form, or are a
// page, if the family of their route says so (RFC 6749 §5.2).

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { refusalFor } from '../../errors/catalogue.ts'
import type { FieldProblem, Reason } from '../../errors/reasons.ts'
import { challengeOf, type Refusal } from '../../errors/token-refusals.ts'
import type { Deps } from '../domain/deps.ts'
import type { ServiceEnv } from './service-env.ts'

/** RFC 7617 §2. */
const basicChallenge = 'Basic realm="OAuth clients", charset="UTF-8"'

/** Why a request is refused, and the numbers that the catalogue cannot know. */
export interface RequestRefusal {
  readonly reason: Reason
  readonly retryAfterSeconds?: number
  readonly maxAgeSeconds?: number
}

/** The same, with what becomes a member of the body. */
export interface InputRefusal extends RequestRefusal {
  /** If the fields are the reason. */
  readonly errors?: readonly FieldProblem[]
  /** For a code that was mailed. */
  readonly handle?: string | undefined
}

/** A success, with its members next to those of the envelope. */
export function respond(
  c: Context<ServiceEnv>,
  body: Readonly<Record<string, unknown>>,
  status: ContentfulStatusCode = 200,
): Response {
  return c.json({ status: 'success', ...body }, status)
}

/**
 * A refusal, as the catalogue has it for this contract. `details` are further members of the body.
 */
export function respondRefused(
  c: Context<ServiceEnv>,
  { settings }: Pick<Deps, 'settings'>,
  refused: Reason | RequestRefusal,
  details: Readonly<Record<string, unknown>> = {},
): Response {
  const { reason, ...known } = typeof refused === 'string' ? { reason: refused } : refused
  c.set('reason', reason)
  const refusal = { ...refusalFor(reason, settings.contract), ...known }
  const challenge = refusal.challenge === 'basic' ? basicChallenge : challengeOf(refusal)
  if (challenge) c.header('WWW-Authenticate', challenge)
  const { retryAfterSeconds } = refusal
  if (retryAfterSeconds) c.header('Retry-After', String(retryAfterSeconds))
  if (refusal.status === 429) c.header('RateLimit', `"${reason}";r=0;t=${retryAfterSeconds}`)
  const { status, code, message } = refusal
  const form = c.get('refusalForm')
  if (typeof form === 'function') return form(c, refusal)
  return form === 'oauth'
    ? c.json({ error: oauthErrorOf(refusal), error_description: message, ...details }, status)
    : c.json({ status: 'fail', message, code, ...details }, status)
}

/** The `error` of a refusal at the OAuth endpoints (RFC 6749 §5.2, RFC 7009 §2.2.1). */
export function oauthErrorOf({ status }: Refusal): string {
  if (status === 401) return 'invalid_client'
  if (status === 503) return 'temporarily_unavailable'
  return status === 500 ? 'server_error' : 'invalid_request'
}
