// Bearer tokens in the Authorization header (RFC 6750 §2.1), and nowhere else: not in forms (§2.2),
// not in query strings (§2.3).

import { type BearerReason, type Result, refuse, succeed } from '../errors/reasons.ts'

/** The token of an Authorization header. The scheme matches case-insensitively (RFC 9110 §11.1). */
export function parseBearer(authorization: string | undefined): Result<string, BearerReason> {
  if (!authorization) return refuse('token_missing')
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  return token === undefined ? refuse('bearer_malformed') : succeed(token)
}
