// Refresh tokens: `sid.version.mac`. The MAC is made with a key derived from SECRET_KEY. So the
// database holds nothing that refreshes, and a forged token costs no round trip. Any successor can
// be computed again for a client that has lost the answer.

import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts'
import { createMac, type SecretKeys } from '../../../crypto/derived-key.ts'
import { isOpaqueId } from '../../../crypto/random-id.ts'

/** What a genuine refresh token names. */
export interface RefreshTokenClaims {
  readonly sessionId: string
  /** The number of the refresh token in its session. The login's is 1. */
  readonly version: number
}

/** Makes refresh tokens, and verifies them. No I/O. */
export interface RefreshTokens {
  /** Deterministic: the same claims give the same token, under the current SECRET_KEY. */
  create(claims: RefreshTokenClaims): Promise<string>
  /**
   * The claims of a genuine token in its one spelling, otherwise undefined. A token that the
   * previous SECRET_KEY has made is genuine, too. The MAC is compared in constant time. Never
   * throws.
   */
  verify(token: string): Promise<RefreshTokenClaims | undefined>
}

const tokenForm = /^([^.]+)\.([1-9]\d{0,14})\.([^.]+)$/

/** Refresh tokens with a key of their own, derived from the secret. */
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
