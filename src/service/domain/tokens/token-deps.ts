import type { Runtime } from '../../../runtime/runtime.ts'
import type { Expectations, IssuerSettings } from '../../../token/access-token.ts'
import type { ClaimsHook } from '../../../token/claims-hook.ts'
import type { ServiceSettings } from '../../config/config.ts'
import type { RefreshTokens } from './refresh-token.ts'

/** What tokens are made and verified with. */
export interface TokenDeps {
  readonly runtime: Runtime
  /** How the service behaves. */
  readonly settings: ServiceSettings
  readonly accessTokens: IssuerSettings & Expectations
  readonly refreshTokens: RefreshTokens
  /** Adds an application's own claims to access tokens. */
  readonly claims?: ClaimsHook | undefined
}
