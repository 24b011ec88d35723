// What a client gets for a living session: a fresh access token, and the refresh token that is
// current. A failure on our side must log nobody out and leave nothing behind: the clock and
// randomness are read before anything is committed, and so is the token signed, or it is tried
// whether it can be (decision 29).

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

/** Where somebody logs in from, for people to recognise it by. */
export interface LoginPlace {
  /** A few words about the user agent. */
  readonly device: string | undefined
  readonly address: string | undefined
}

/** What a request's access token has of the clock (seconds since 1970) and of chance. */
export interface Issuance {
  readonly issuedAt: number
  readonly expiresAt: number
  readonly tokenId: string
}

type IssuingDeps = Pick<TokenDeps, 'runtime' | 'accessTokens' | 'claims'>

/** Two of them, and round trips, within the 15 s that an exchange may come later (session-rotation.ts). */
const maxHookSeconds = 5

/** The configured lifetime from now. The store may shorten it, and remembers what is signed. */
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
 * Signs an access token that nobody gets, with the longest values that one can have: what keeps
 * tokens from being signed comes to light here. For what is signed after the commit.
 *
 * @returns how many bytes of roles are certain to have room in a token; 0 where a claims hook may
 * want any
 */
export async function trySigning(deps: IssuingDeps, issuance: Issuance): Promise<number> {
  if (deps.claims) return 0
  const { issuedAt, tokenId } = issuance
  const token = await issueAccessToken(deps.accessTokens, {
    userId: Number.MAX_SAFE_INTEGER,
    ...{ sessionId: tokenId, tokenId, tokenGeneration: tokenId, roles: [] },
    ...{ authenticatedAt: Number.MAX_SAFE_INTEGER, issuedAt, expiresAt: issuedAt },
  })
  return Math.floor(((maxIssuedCharacters - token.length) * 3) / 4)
}

/** A fresh access token of the session. */
export async function issueAccessTokenOf(
  { runtime, accessTokens, claims }: IssuingDeps,
  session: LiveSession,
  issuance: Issuance,
): Promise<IssuedAccessToken> {
  const expiresAt = expiryOf(session, issuance)
  const custom = claims && (await askClaimsHook(claims, session, runtime))
  const accessToken = await issueAccessToken(
    accessTokens,
    { ...session, ...issuance, expiresAt },
    custom,
  )
  return { accessToken, expiresInSeconds: Math.max(0, expiresAt - issuance.issuedAt) }
}

/** When the access token of the session expires. */
export function expiryOf({ tokenExpiresAt }: LiveSession, { expiresAt }: Issuance): number {
  return Math.min(tokenExpiresAt, expiresAt)
}

/**
 * An access token that was signed for what was read, and then committed. Where something has
 * changed in between, it is signed and committed once more. Refuses with 'account_changing' when it
 * has changed again: nothing is committed, and the same request will do.
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

/** Only what JSON has, so that signing finds nothing in it that cannot be written. */
async function askClaimsHook(
  claims: NonNullable<TokenDeps['claims']>,
  { userId, email, roles }: LiveSession,
  runtime: TokenDeps['runtime'],
): Promise<CustomClaims> {
  const end = new AbortController()
  try {
    const custom = await Promise.race([
      claims({ userId, email, roles: [...roles] }),
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
