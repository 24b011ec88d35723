// The owner of an email proves it for the first time. Whoever has registered it may be somebody
// else, who waits for its owner (pre-account hijacking). Then what was set before ends.

import { noPassword } from '../../../crypto/no-password.ts'
import { createRandomId } from '../../../crypto/random-id.ts'
import type { Takeover } from '../../store/account-takeover.ts'
import type { CheckedAccount } from '../../store/users.ts'
import type { DeviceClaims } from '../limits/device-token.ts'
import type { CodeDeps } from './code-deps.ts'

/**
 * Whether a device knew the password of the account. Then no stranger has set it. A cookie does not
 * show that: a sibling domain can set it, with the device token of the stranger (RFC 6265 §8.6).
 */
export function isDeviceOf(
  { settings }: Pick<CodeDeps, 'settings'>,
  device: DeviceClaims | undefined,
  account: CheckedAccount,
): boolean {
  return (
    settings.tokenTransport === 'bearer' &&
    device?.userId === account.userId &&
    device.passwordVersion === account.passwordVersion
  )
}

/** A takeover with a fresh generation. The account has no password afterwards. */
export function beginTakeover({ runtime }: Pick<CodeDeps, 'runtime'>): Takeover {
  return { tokenGeneration: createRandomId(runtime), passwordHash: noPassword }
}
