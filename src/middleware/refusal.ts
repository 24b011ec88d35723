// What a guard answers when it does not let a request in: the bearer challenge (RFC 6750 §3) and a
// problem (RFC 9457).

import type { GuardReason } from '../errors/reasons.ts'
import { bearerChallenge, type Entry, guardRefusals } from '../errors/token-refusals.ts'

/** Why a request is not let in, and what its client is told by default. */
export interface GuardRefusal {
  /** The exact reason: for logs and decisions, more than a client should learn. */
  readonly reason: GuardReason
  /** 401 for what is wrong with the token; 503 when keys or revocations cannot be had. */
  readonly status: 401 | 503
  /** The stable word for programs. */
  readonly code: string
  /** The sentence for people. */
  readonly message: string
  /** `WWW-Authenticate` or `Retry-After`, `Content-Type` and `Cache-Control`. */
  readonly headers: Readonly<Record<string, string>>
  /** With a 503: what is wrong and what to do, for whoever runs the guard. Not for clients. */
  readonly problem?: string
}

/** The refusal for a reason. */
export function createRefusal(reason: GuardReason, problem?: string): GuardRefusal {
  const entry: Entry = guardRefusals[reason]
  const { code, message, retryAfterSeconds, ...refusal } = { ...entry, ...entry.standard }
  const challenge = bearerChallenge({ code, message, ...refusal })
  const status = refusal.status === 503 ? 503 : 401
  return {
    reason,
    status,
    code,
    message,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    },
    ...(status === 503 && problem !== undefined && { problem }),
  }
}

/** The problem details of a refusal, as JSON (RFC 9457 §3, with `code` as an extension). */
export function problemDetails({ status, code, message }: GuardRefusal): string {
  const title = status === 503 ? 'Service Unavailable' : 'Unauthorized'
  return JSON.stringify({ title, status, detail: message, code })
}

/** What guards answer by default, for those without Hono. */
export function refusalResponse(refusal: GuardRefusal): Response {
  const { status, headers } = refusal
  return new Response(problemDetails(refusal), { status, headers: { ...headers } })
}
