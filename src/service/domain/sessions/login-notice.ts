// What the owner of an account is told about a login: that the account is kept after all, or that
// it does not know the device.

import type { LoginNotice } from '../../store/outgoing-mail.ts'
import type { CheckedAccount } from '../../store/users.ts'
import type { Deps } from '../deps.ts'
import type { DeviceClaims } from '../limits/device-token.ts'
import { createNotice, type NoticeReader } from '../mail/notice.ts'

/**
 * The notice of a login. Undefined: no mail is sent. A device token from before the last new
 * password does not make a device known.
 *
 * @param isFirst whether the login proves the email for the first time. Then a new device is no
 *   reason for a mail
 */
export function createLoginNotice(
  deps: Pick<Deps, 'runtime' | 'settings' | 'mailer'>,
  device: DeviceClaims | undefined,
  account: CheckedAccount,
  reader: NoticeReader,
  isFirst = false,
): LoginNotice | undefined {
  const isKnown =
    device?.userId === account.userId && device.passwordVersion === account.passwordVersion
  const isOfNewDevice = deps.settings.sendsNewDeviceMails && !isKnown && !isFirst
  return deps.mailer && { ...createNotice(deps, reader), isOfNewDevice }
}
