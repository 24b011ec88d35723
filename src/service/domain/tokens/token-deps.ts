import type { Runtime } from '../../../runtime/runtime.ts'
import type { Expectations, IssuerSettings } from '../../../token/access-token.ts'
import type { ClaimsHook } from '../../../token/claims-hook.ts'
import type { SessionLifetimes } from '../../store/sessions.ts'
import type { RefreshTokens } from './refresh-token.ts'

/** What tokens are made and verified with. */
export interface TokenDeps {
  readonly runtime: Runtime
  readonly accessTokens: IssuerSettings &
    Expectations & {
      /** How long an access token is valid, unless its session ends before. */
      readonly accessTokenLifetimeSeconds: number
    }
  readonly refreshTokens: RefreshTokens
  readonly sessionLifetimes: SessionLifetimes
  /** Adds claims of an application's own to access tokens. */
  readonly claims?: ClaimsHook | undefined
}
