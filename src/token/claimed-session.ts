// The session that an access token names, for comparing it with another credential's. It is no
// proof of anything: whoever wants to let somebody in uses `verifyAccessToken`.

import { decodeBase64Url, isCanonicalBase64Url } from '../crypto/base64url.ts'
import { parseJsonObject } from './json.ts'

/**
 * The `sid` of a token, or undefined when it has none or is no JWT. Neither signature nor expiry is
 * checked: a token that has expired, or whose key is retired, still names its session. Never
 * throws.
 */
export function claimedSessionId(token: string): string | undefined {
  const [, payload, ...rest] = token.split('.')
  if (!payload || rest.length !== 1 || !isCanonicalBase64Url(payload)) return undefined
  const sessionId = parseJsonObject(decodeBase64Url(payload))?.sid
  return typeof sessionId === 'string' ? sessionId : undefined
}
