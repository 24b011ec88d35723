// The answer of a guard to a request that it refuses: the bearer challenge (RFC 6750 §3) and a
// problem (RFC 9457).

import type { Context } from 'hono'
import { aFunction, optional } from '../errors/check-options.ts'
import type { GuardReason } from '../errors/reasons.ts'
import { challengeOf, guardRefusals, type TokenRefusal } from '../errors/token-refusals.ts'

/** Why a request is not let in, and what its client is told by default. */
export interface GuardRefusal {
  /** The exact reason, for logs and decisions. It is more than a client should learn. */
  readonly reason: GuardReason
  /**
   * It is 401 for a token that is missing or not good, or a login that is not fresh. It is 403 for
   * a missing role, or a request of another site. It is 503 when keys or revocations are
   * unavailable.
   */
  readonly status: 401 | 403 | 503
  /** The stable word for programs. */
  readonly code: string
  /** The sentence for people. */
  readonly message: string
  /**
   * `Content-Type` and `Cache-Control`. In addition `Retry-After` (in seconds) with a 503, and
   * `WWW-Authenticate` with a 401 or a missing role.
   */
  readonly headers: Readonly<Record<string, string>>
  /**
   * With a 503: what is wrong and what to do, for the operator of the guard. Not for clients. With
   * a 401, if the issuer is this machine: why the token does not fit. The default answer to a 401
   * includes it.
   */
  readonly problem?: string
}

/** Answers instead of a guard. */
export type OnRefused = (refusal: GuardRefusal, c: Context) => Response | Promise<Response>

/** The rule for options that have `onRefused`. */
export const refusalRules = { onRefused: optional(aFunction()) }

/** What a refusal says in addition to its reason. */
interface RefusalDetails {
  /** What is wrong and what to do, as far as it is known. */
  readonly problem?: string | undefined
  /** How old a login may be (RFC 9470 §3). */
  readonly maxAgeSeconds?: number | undefined
}

const titles = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const

/** The refusal for a reason. */
export function createRefusal(
  reason: GuardReason,
  { problem, maxAgeSeconds }: RefusalDetails = {},
): GuardRefusal {
  const entry: TokenRefusal = guardRefusals[reason]
  const { status, code, message, retryAfterSeconds } = entry
  const challenge = challengeOf({ ...entry, maxAgeSeconds })
  return {
    reason,
    status,
    code,
    message,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(challenge && { 'WWW-Authenticate': challenge }),
      ...(retryAfterSeconds && { 'Retry-After': String(retryAfterSeconds) }),
    },
    ...(problem !== undefined && { problem }),
  }
}

/** Answers through Hono's context, which has the headers that others have set on this answer. */
export function respondRefusal(
  refusal: GuardRefusal,
  c: Context,
  { onRefused }: { readonly onRefused?: OnRefused },
): Response | Promise<Response> {
  if (onRefused) return onRefused(refusal, c)
  return c.body(problemDetails(refusal), refusal.status, { ...refusal.headers })
}

/**
 * The default answer of guards, for code without Hono. It has the status and headers of the
 * refusal, and problem details (RFC 9457).
 *
 * @example
 * ```ts
 * import { refusalResponse, type Verifier } from 'portcullis'
 *
 * async function greet(request: Request, verifier: Verifier): Promise<Response> {
 *   const auth = await verifier.verify(request)
 *   return auth.ok ? new Response(auth.value.subject) : refusalResponse(auth.error)
 * }
 * ```
 */
export function refusalResponse(refusal: GuardRefusal): Response {
  const { status, headers } = refusal
  return new Response(problemDetails(refusal), { status, headers: { ...headers } })
}

/** The problem details of a refusal, as JSON (RFC 9457 §3, with `code` as an extension). */
function problemDetails({ status, code, message, problem }: GuardRefusal): string {
  const shown = status === 401 && { problem }
  return JSON.stringify({ title: titles[status], status, detail: message, code, ...shown })
}
