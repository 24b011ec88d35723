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
 * Claims of an application's own, for every access token of the user: an object that JSON can
 * write. It is asked with each login, refresh and password that is given again, before anything is
 * stored: a refresh takes a second round trip for that. (With a registration it is asked after the
 * account is stored, for it gets the id.) It may be asked twice for one token, and for a token that
 * is refused after that.
 *
 * None may be called like one of Portcullis's own, and the whole token must have at most 4,000
 * characters. The hook has 5 seconds. Where it takes longer, throws or breaks these rules, the answer
 * is 500 and the log says why.
 * Nobody is logged out by that: the refresh token stays good, and no account or session is left.
 * Nor does it keep anybody from ending sessions: `POST /auth/logout-everywhere` then gives no tokens.
 */
export type ClaimsHook = (user: ClaimsUser) => CustomClaims | Promise<CustomClaims>
