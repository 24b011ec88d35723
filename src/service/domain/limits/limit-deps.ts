// What the limits need from outside.

import type { Runtime } from '../../../runtime/runtime.ts'
import type { ServiceSettings } from '../../config/config.ts'
import type { Database } from '../../store/database.ts'
import type { AttemptKeyMaker } from './attempt-keys.ts'
import type { DeviceTokens } from './device-token.ts'
import type { RequestCounts } from './request-counts.ts'

/** Services and settings. */
export interface LimitDeps {
  /** Clock and randomness. */
  readonly runtime: Runtime
  readonly settings: ServiceSettings
  /** Where attempts are counted. */
  readonly database: Database
  /** Makes the keys under which attempts are counted. */
  readonly attemptKeys: AttemptKeyMaker
  /** Counts requests in the memory of this isolate or process. */
  readonly requestCounts: RequestCounts
  /**
   * Whether the platform's own limit lets a request through. `env` is what the entry passes to the
   * app. Never rejects.
   */
  platformLimit(kind: string, network: string, env: unknown): Promise<boolean>
  /** Makes and verifies the tokens of known devices. */
  readonly deviceTokens: DeviceTokens
}
