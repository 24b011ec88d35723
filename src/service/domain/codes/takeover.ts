// The owner of an email proves it for the first time. Whoever has registered it may be somebody else,
// who waits for its owner (pre-account hijacking). Then what was set before ends.

import { createRandomId } from '../../../crypto/random-id.ts'
import type { Takeover } from '../../store/account-takeover.ts'
import type { CheckedAccount } from '../../store/users.ts'
import { noPassword } from '../identity/password-hasher.ts'
import type { DeviceClaims } from '../limits/device-token.ts'
import type { CodeDeps } from './code-deps.ts'

/** Whether a device knew the password of the account. Then no stranger has set it. */
export function isDeviceOf(device: DeviceClaims | undefined, account: CheckedAccount): boolean {
  return device?.userId === account.userId && device.passwordVersion === account.passwordVersion
}

/** A takeover with a fresh generation. The account has no password afterwards. */
export function beginTakeover({ runtime }: Pick<CodeDeps, 'runtime'>): Takeover {
  return { tokenGeneration: createRandomId(runtime), passwordHash: noPassword }
}
