// What a client gets for a living session: a fresh access token, and the current refresh token. A
// failure of the service must log nobody out and leave nothing behind. So the clock and randomness
// are read before anything is committed. The token is signed before that, too, or a trial shows
// that it can be signed (decision 29).

import { createRandomId } from '../../../crypto/random-id.ts'
import { type ChangeReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import {
  type CustomClaims,
  issueAccessToken,
  maxIssuedCharacters,
} from '../../../token/access-token.ts'
import { isObject } from '../../../token/json.ts'
import type { LiveSession } from '../../store/live-session.ts'
import type { Changed, NewSession } from '../../store/sessions.ts'
import { hookFailure } from './hook-failure.ts'
import type { TokenDeps } from './token-deps.ts'

/** An access token, and what comes with it. */
export interface IssuedAccessToken {
  readonly accessToken: string
  /** How long the access token is valid. */
  readonly expiresInSeconds: number
}

/** Both tokens. */
export interface IssuedTokens extends IssuedAccessToken {
  readonly refreshToken: string
}

/** What a login gives. */
export interface LoginTokens extends IssuedTokens {
  /** Shows at later logins that this device knew the password. */
  readonly deviceToken: string
}

/** Where a login comes from, so that its user can recognise it. */
export interface LoginPlace {
  /** A few words about the user agent. */
  readonly device: string | undefined
  readonly address: string | undefined
}

/** What an access token takes from the clock (seconds since 1970) and from randomness. */
export interface Issuance {
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string
}

type IssuingDeps = Pick<TokenDeps, 'runtime' | 'accessTokens' | 'claims' | 'settings'>

/**
 * Two hooks and round trips must fit into the 15 s that an exchange may come later
 * (session-rotation.ts).
 */
const maxHookSeconds = 5

/** The configured lifetime from now. The store may shorten it, and records what is signed. */
export function beginIssuance({
  runtime,
  settings,
}: Pick<TokenDeps, 'runtime' | 'settings'>): Issuance {
  const issuedAt = runtime.now()
  const expiresAt = issuedAt + settings.accessTokenLifetimeSeconds
  return { issuedAt, expiresAt, tokenId: createRandomId(runtime) }
}

/** What the store needs to begin a session. */
export function newSession(
  { runtime, settings }: Pick<TokenDeps, 'runtime' | 'settings'>,
  place: LoginPlace,
  { expiresAt }: Issuance,
): NewSession {
  const sessionId = createRandomId(runtime)
  const lifetimes = {
    idleSeconds: settings.sessionIdleLifetimeSeconds,
    absoluteSeconds: settings.sessionLifetimeSeconds,
  }
  return { sessionId, lifetimes, tokenExpiresAt: expiresAt, ...place }
}

/**
 * Signs an access token that nobody gets, with the longest values that a token can have. So a
 * problem with signing shows before the commit. This is for tokens that are signed after the
 * commit.
 *
 * @returns how many bytes of roles certainly fit into a token; 0 with a claims hook, which may need
 * all of the room
 */
export async function trySigning(deps: IssuingDeps, issuance: Issuance): Promise<number> {
  if (deps.claims) return 0
  const { issuedAt, tokenId } = issuance
  const token = await issueAccessToken(
    deps.accessTokens,
    {
      userId: Number.MAX_SAFE_INTEGER,
      ...{ sessionId: tokenId, tokenId, tokenGeneration: tokenId, roles: [] },
      ...{ authenticatedAt: Number.MAX_SAFE_INTEGER, issuedAt, expiresAt: issuedAt },
    },
    verifiedClaim(deps.settings, null),
  )
  return Math.floor(((maxIssuedCharacters - token.length) * 3) / 4)
}

/**
 * A fresh access token of the session, with the claims of the claims hook.
 *
 * @throws Error when the hook fails, or takes longer than 5 s. TypeError as `issueAccessToken`
 */
export async function issueAccessTokenOf(
  { runtime, accessTokens, claims, settings }: IssuingDeps,
  session: LiveSession,
  issuance: Issuance,
): Promise<IssuedAccessToken> {
  const expiresAt = expiryOf(session, issuance)
  const custom = claims && (await askClaimsHook(claims, session, runtime))
  const accessToken = await issueAccessToken(
    accessTokens,
    { ...session, ...issuance, expiresAt },
    { ...custom, ...verifiedClaim(settings, session.emailVerifiedAt) },
  )
  return { accessToken, expiresInSeconds: Math.max(0, expiresAt - issuance.issuedAt) }
}

/** `email_verified` (OpenID Connect Core §5.1), if it is required. It comes after the hook's claims. */
function verifiedClaim(
  { requireVerifiedEmail }: TokenDeps['settings'],
  emailVerifiedAt: number | null,
): CustomClaims {
  return requireVerifiedEmail === 'off' ? {} : { email_verified: emailVerifiedAt !== null }
}

/** When the access token of the session expires. */
export function expiryOf({ tokenExpiresAt }: LiveSession, { expiresAt }: Issuance): number {
  return Math.min(tokenExpiresAt, expiresAt)
}

/**
 * An access token that is signed for what was read, and then committed. If something has changed in
 * between, it is signed and committed once more. Refuses with 'account_changing' if it has changed
 * again: nothing is committed, and the client can repeat the same request.
 */
export async function signBeforeCommit<Read, Reason extends { readonly reason: string }>(
  read: Read,
  sign: (read: Read) => Promise<IssuedAccessToken>,
  commit: (read: Read) => Promise<Result<unknown, Reason | Changed<Read>>>,
): Promise<Result<IssuedAccessToken, Reason | { readonly reason: ChangeReason }>> {
  let latest = read
  for (let attempts = 1; attempts <= 2; attempts += 1) {
    const signed = await sign(latest)
    const committed = await commit(latest)
    if (committed.ok) return succeed(signed)
    const { error } = committed
    if (!isChanged(error)) return refuse(error)
    latest = error.read
  }
  return refuse({ reason: 'account_changing' })
}

function isChanged<Read>(error: { readonly reason: string }): error is Changed<Read> {
  return error.reason === 'changed'
}

/** Keeps only what JSON can hold, so that signing finds nothing that it cannot write. */
async function askClaimsHook(
  claims: NonNullable<TokenDeps['claims']>,
  { userId, email, roles, emailVerifiedAt }: LiveSession,
  runtime: TokenDeps['runtime'],
): Promise<CustomClaims> {
  const end = new AbortController()
  try {
    const custom = await Promise.race([
      claims({ userId, email, roles: [...roles], emailVerified: emailVerifiedAt !== null }),
      runtime.delay(maxHookSeconds * 1_000, end.signal).then(() => {
        throw new Error(`It took longer than ${maxHookSeconds} s`)
      }),
    ])
    const written: unknown = JSON.parse(JSON.stringify(custom ?? {}))
    if (isObject(written)) return written
    throw new TypeError('It must return an object')
  } catch (error) {
    throw hookFailure(error, email)
  } finally {
    end.abort()
  }
}
