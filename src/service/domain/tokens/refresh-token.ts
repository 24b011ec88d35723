// Refresh tokens: `sid.version.mac`. The MAC is made with a key derived from SECRET_KEY, so the
// database holds nothing that refreshes, a forged token costs no round trip, and any successor can
// be computed again for a client that has lost the answer.

import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts'
import { createMac, type SecretKeys } from '../../../crypto/derived-key.ts'
import { isOpaqueId } from '../../../crypto/random-id.ts'

/** What a genuine refresh token names. */
export interface RefreshTokenClaims {
  readonly sessionId: string
  /** Which of the session's refresh tokens it is: 1 is the login's. */
  readonly version: number
}

/** Makes refresh tokens, and tells genuine ones from others. No I/O. */
export interface RefreshTokens {
  /** Deterministic: the same claims give the same token, under the current SECRET_KEY. */
  create(claims: RefreshTokenClaims): Promise<string>
  /**
   * The claims of a token of ours, in its one spelling, or undefined; also of one that the previous
   * SECRET_KEY has made. In constant time as far as the MAC goes. Never throws.
   */
  verify(token: string): Promise<RefreshTokenClaims | undefined>
}

const tokenForm = /^([^.]+)\.([1-9]\d{0,14})\.([^.]+)$/

/** Refresh tokens under a key of their own, derived from the secret. */
export function createRefreshTokens(secrets: SecretKeys): RefreshTokens {
  const refreshMac = createMac(secrets, 'portcullis refresh token')
  return {
    async create({ sessionId, version }) {
      const named = `${sessionId}.${version}`
      return `${named}.${encodeBase64Url(await refreshMac.sign(named))}`
    },

    async verify(token) {
      const [, sessionId = '', version = '', mac = ''] = tokenForm.exec(token) ?? []
      const bytes = decodeBase64Url(mac)
      if (!isOpaqueId(sessionId) || !bytes) return undefined
      const isGenuine = await refreshMac.verify(bytes, `${sessionId}.${version}`)
      return isGenuine ? { sessionId, version: Number(version) } : undefined
    },
  }
}
