// Refresh tokens: `sid.version.mac`. The MAC is made with a key derived from SECRET_KEY, so the
// database holds nothing that refreshes, a forged token costs no round trip, and any successor can
// be computed again for a client that has lost the answer.

import {
  decodeBase64Url,
  encodeBase64Url,
  isCanonicalBase64Url,
} from '../../../crypto/base64url.ts'
import { deriveMacKey } from '../../../crypto/derived-key.ts'
import { isOpaqueId } from '../../../crypto/random-id.ts'
import { encodeUtf8 } from '../../../crypto/utf8.ts'
import { lazyValue } from '../../../runtime/lazy-value.ts'

/** What a genuine refresh token names. */
export interface RefreshTokenClaims {
  readonly sessionId: string
  /** Which of the session's refresh tokens it is: 1 is the login's. */
  readonly version: number
}

/** Makes refresh tokens, and tells genuine ones from others. No I/O. */
export interface RefreshTokens {
  /** Deterministic: the same claims give the same token. */
  create(claims: RefreshTokenClaims): Promise<string>
  /**
   * The claims of a token of ours, in its one spelling, or undefined. In constant time as far as
   * the MAC goes. Never throws.
   */
  verify(token: string): Promise<RefreshTokenClaims | undefined>
}

const macBytes = 32
const tokenForm = /^([^.]+)\.([1-9]\d{0,14})\.([^.]+)$/

/** Refresh tokens under a key of their own, derived from the secret. */
export function createRefreshTokens(secretKey: string): RefreshTokens {
  const key = lazyValue(() => deriveMacKey(secretKey, 'portcullis refresh token'))
  return {
    async create({ sessionId, version }) {
      const named = `${sessionId}.${version}`
      const mac = await crypto.subtle.sign('HMAC', await key(), encodeUtf8(named))
      return `${named}.${encodeBase64Url(new Uint8Array(mac))}`
    },

    async verify(token) {
      const [, sessionId = '', version = '', mac = ''] = tokenForm.exec(token) ?? []
      if (!isOpaqueId(sessionId) || !isCanonicalBase64Url(mac)) return undefined
      const named = encodeUtf8(`${sessionId}.${version}`)
      const bytes = decodeBase64Url(mac)
      const isGenuine =
        bytes.length === macBytes && (await crypto.subtle.verify('HMAC', await key(), bytes, named))
      return isGenuine ? { sessionId, version: Number(version) } : undefined
    },
  }
}
