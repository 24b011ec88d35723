// The one speaker: every answer under /auth leaves through here, in the envelope of the contract.

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Deps, Env } from '../deps.ts'
import { refusalFor } from '../errors/catalogue.ts'
import type { Reason } from '../errors/reasons.ts'
import { bearerChallenge } from '../errors/token-refusals.ts'

/** A success: its members beside the envelope's. */
export function respond(
  c: Context<Env>,
  body: Readonly<Record<string, unknown>>,
  status: ContentfulStatusCode = 200,
): Response {
  return c.json({ status: 'success', ...body }, status)
}

/**
 * A refusal, as the catalogue has it for this vocabulary; `details` are further members of the
 * body.
 */
export function respondRefused(
  c: Context<Env>,
  deps: Pick<Deps, 'vocabulary'>,
  reason: Reason,
  details: Readonly<Record<string, unknown>> = {},
): Response {
  c.set('reason', reason)
  const refusal = refusalFor(reason, deps.vocabulary)
  const challenge = bearerChallenge(refusal)
  if (challenge) c.header('WWW-Authenticate', challenge)
  if (refusal.retryAfterSeconds) c.header('Retry-After', String(refusal.retryAfterSeconds))
  const { status, code, message } = refusal
  return c.json({ status: 'fail', message, code, ...details }, status)
}
