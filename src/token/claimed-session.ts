// The session that an access token names, for comparing it with another credential's. It is no
// proof of anything: whoever wants to let somebody in uses `verifyAccessToken`.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { parseJsonObject } from './json.ts'

/**
 * The `sid` of a token, or undefined when it has none or is no JWT. Neither signature nor expiry is
 * checked: a token that has expired, or whose key is retired, still names its session. Never
 * throws.
 */
export function claimedSessionId(token: string): string | undefined {
  const [, segment = '', ...rest] = token.split('.')
  const payload = rest.length === 1 && decodeBase64Url(segment)
  const sessionId = payload && parseJsonObject(payload)?.sid
  return typeof sessionId === 'string' ? sessionId : undefined
}
