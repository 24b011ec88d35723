import type { CustomClaims } from './access-token.ts'

/** The user whose claims an application may add to. */
export interface ClaimsUser {
  /** The account's id: `sub`, as a number. */
  readonly userId: number
  /** The email address, as typed. */
  readonly email: string
  /** `admin` first; empty for most. */
  readonly roles: readonly string[]
  /** Whether somebody has proved that the email receives mail. */
  readonly emailVerified: boolean
}

/**
 * An application's own claims for every access token of the user: an object that JSON can write.
 * The hook is called with each login, each refresh, and each time the password is given again. It
 * is also called when a logout everywhere gives new tokens. The call comes before anything is
 * stored, so a refresh takes a second round trip. With a registration it comes after the account is
 * stored, because the hook gets the id. The hook may be called twice for one token, and for a token
 * that is then refused.
 *
 * No claim may have the name of one of Portcullis's own. The whole token must have at most 4,000
 * characters. The hook has 5 seconds. If it takes longer, throws or breaks these rules, the answer
 * is 500 and the log says why. This logs nobody out: the refresh token stays good. No session is
 * left, and an account that was just registered is deleted again. Users can still end sessions:
 * `POST /auth/logout-everywhere` then gives no tokens.
 */
export type ClaimsHook = (user: ClaimsUser) => CustomClaims | Promise<CustomClaims>
