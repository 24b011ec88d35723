// Where a guard looks for the access token: only in the place that `transport` names.

import { type GuardReason, type Result, refuse } from '../errors/reasons.ts'
import { parseBearer } from '../token/bearer.ts'
import { isCrossSite, parseAccessTokenCookie } from '../token/cookie.ts'

/** Takes the token out of a request. */
export interface TokenReader {
  read(request: Request): Result<string, GuardReason>
  /** The token, if it is written in the usual way. In all other cases, `read` decides. */
  peek(request: Request): string | undefined
}

const usualScheme = 'Bearer '

const bearerReader: TokenReader = {
  read: (request) => parseBearer(request.headers.get('Authorization') ?? undefined),
  peek(request) {
    const authorization = request.headers.get('Authorization')
    return authorization?.startsWith(usualScheme)
      ? authorization.slice(usualScheme.length)
      : undefined
  },
}

/** The reader of a transport. */
export function tokenReaderOf(
  transport: 'bearer' | 'cookie' = 'bearer',
  trustedOrigins: readonly string[] = [],
): TokenReader {
  if (transport === 'bearer') return bearerReader
  const origins = [...trustedOrigins]
  const read = (request: Request): Result<string, GuardReason> =>
    isCrossSite(request, (origin) => origins.includes(origin))
      ? refuse('cross_site_request')
      : parseAccessTokenCookie(request.headers.get('Cookie') ?? undefined)
  return {
    read,
    peek(request) {
      const token = read(request)
      return token.ok ? token.value : undefined
    },
  }
}
