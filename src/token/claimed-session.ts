// The session that an access token names, for comparison with another credential's. It proves
// nothing. To let somebody in, use `verifyAccessToken`.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { parseJsonObject } from './json.ts'

/**
 * The `sid` of a token. Undefined when it has none or is not a JWT. Neither signature nor expiry is
 * checked. So a token that has expired, or whose key is retired, still names its session. Never
 * throws.
 */
export function claimedSessionId(token: string): string | undefined {
  const [, segment = '', ...rest] = token.split('.')
  const payload = rest.length === 1 && decodeBase64Url(segment)
  const sessionId = payload && parseJsonObject(payload)?.sid
  return typeof sessionId === 'string' ? sessionId : undefined
}
