// Device tokens: `deviceId.userId.passwordVersion.issuedAt.mac`. Whoever has logged in to an account
// gets one for it. It logs nobody in. It only says that this device knew the password, so that its
// attempts are counted apart from those of strangers. It is good for one account and one email, and
// void after the password has changed.

import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts'
import { createMac, type SecretKeys } from '../../../crypto/derived-key.ts'
import { isOpaqueId } from '../../../crypto/random-id.ts'

/** What a genuine device token says. */
export interface DeviceClaims {
  readonly deviceId: string
  readonly userId: number
  readonly passwordVersion: number
  /** In seconds since 1970. */
  readonly issuedAt: number
}

/** Makes device tokens, and verifies them. No I/O. */
export interface DeviceTokens {
  /** @param email the email of the account, as it is compared */
  create(claims: DeviceClaims, email: string): Promise<string>
  /**
   * The claims of a genuine token for this email, otherwise undefined. A token that the previous
   * SECRET_KEY has made is genuine, too. Never throws. The database decides about its account and
   * password.
   */
  verify(token: string, email: string): Promise<DeviceClaims | undefined>
}

const tokenForm = /^(([\w-]{16})\.([1-9]\d{0,15})\.([1-9]\d{0,9})\.([1-9]\d{0,12}))\.([\w-]{43})$/

/** Which account a device token is for, genuine or not. */
export function accountOfDevice(token: string): string | undefined {
  return tokenForm.exec(token)?.[3]
}

/** Device tokens with a key of their own, derived from the secret. */
export function createDeviceTokens(secrets: SecretKeys): DeviceTokens {
  const mac = createMac(secrets, 'portcullis device token')
  const signed = (named: string, email: string) => JSON.stringify([named, email])
  return {
    async create({ deviceId, userId, passwordVersion, issuedAt }, email) {
      const named = [deviceId, userId, passwordVersion, issuedAt].join('.')
      return `${named}.${encodeBase64Url(await mac.sign(signed(named, email)))}`
    },

    async verify(token, email) {
      const [, named = '', deviceId = '', userId, version, issuedAt, end = ''] =
        tokenForm.exec(token) ?? []
      const bytes = decodeBase64Url(end)
      if (!isOpaqueId(deviceId) || !bytes) return undefined
      if (!(await mac.verify(bytes, signed(named, email)))) return undefined
      return {
        deviceId,
        userId: Number(userId),
        passwordVersion: Number(version),
        issuedAt: Number(issuedAt),
      }
    },
  }
}
