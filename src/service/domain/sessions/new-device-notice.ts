// Whether the owner of an account is told about a login: the account does not know the device.

import type { Notice } from '../../store/outgoing-mail.ts'
import type { CheckedAccount } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import type { DeviceClaims } from '../limits/device-token.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'

/**
 * The notice of a login from a new device. Undefined: no mail is sent, or the account knows the
 * device. A device token from before the last new password does not count.
 */
export function createNewDeviceNotice(
  deps: Pick<Deps, 'runtime' | 'settings' | 'mailer'>,
  device: DeviceClaims | undefined,
  account: CheckedAccount,
  reader: NoticeReader,
): Notice | undefined {
  const isKnown =
    device?.userId === account.userId && device.passwordVersion === account.passwordVersion
  const isSent = deps.mailer && deps.settings.sendsNewDeviceMails
  return isSent && !isKnown ? createNotice(deps, reader) : undefined
}
