import type { CustomClaims } from './access-token.ts'

/** Whose claims an application may add to. */
export interface ClaimsUser {
  /** The account's id: `sub`, as a number. */
  readonly userId: number
  /** As typed. */
  readonly email: string
  /** `admin` first; empty for most. */
  readonly roles: readonly string[]
}

/**
 * Claims of an application's own, for every access token of the user: asked with each login and
 * each refresh. None may be called like one of Portcullis's own, and the whole token must have at
 * most 4,000 characters; otherwise no token is issued, and the log says why (500).
 */
export type ClaimsHook = (user: ClaimsUser) => CustomClaims | Promise<CustomClaims>
