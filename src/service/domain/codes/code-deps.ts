// What the flows with codes need from outside.

import type { Runtime } from '../../../runtime/runtime.ts'
import type { ServiceSettings } from '../../config/config.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { Database } from '../../store/database.ts'
import type { MailedCodes } from './mailed-codes.ts'

/** Services and settings. */
export interface CodeDeps {
  /** Where codes are stored, and mail waits until it is sent. */
  readonly database: Database
  readonly runtime: Runtime
  readonly settings: ServiceSettings
  /** Sends mail. Undefined: the service sends none. */
  readonly mailer: Mailer | undefined
  /** Makes and verifies the codes that mails carry. */
  readonly mailedCodes: MailedCodes
}
