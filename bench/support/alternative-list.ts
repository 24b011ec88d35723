// The alternatives: what each does for a request, and how long a revoked credential lives with it.

import {
  type Credential,
  fetchBetterAuthJwt,
  type Issued,
  registerWithUs,
  signUpWithBetterAuth,
  signWithSecret,
} from './credentials.ts'
import type { Place } from './place.ts'

export interface Alternative {
  readonly name: string
  /** What the alternative does for a request. */
  readonly work: string
  /** How long a credential is accepted after it was revoked. */
  readonly revokedLives: string
  /**
   * The part of this that is checked. Infinity: accepted until it expires. Undefined: no check of
   * credentials.
   */
  readonly refusedWithinSeconds?: number
  url(place: Place): string
  issue(place: Place): Promise<Issued>
  /** Issues this number of other credentials, to be shown in turn instead of one. */
  issueMany?(count: number): Promise<readonly Credential[]>
}

const never = Number.POSITIVE_INFINITY
/** All tokens here live this long: the default of our service, and of Better Auth's JWT plugin. */
const untilExpiry = { refusedWithinSeconds: never, revokedLives: 'until it expires (15 min)' }
const atOnce = { refusedWithinSeconds: 0, revokedLives: 'not at all' }

/**
 * @param boundSeconds of a guard without other options
 * @param signMany signs this number of our tokens
 */
export function listAlternatives(
  boundSeconds: number,
  signMany: (count: number) => Promise<readonly Credential[]>,
): readonly Alternative[] {
  const ours = {
    refusedWithinSeconds: boundSeconds,
    revokedLives: `at most ${boundSeconds} s`,
    url: ({ portcullis }: Place) => `${portcullis}/`,
    issue: registerWithUs,
  }
  return [
    {
      name: 'unguarded',
      work: 'nothing',
      revokedLives: '',
      url: ({ bare }) => `${bare}/`,
      issue: registerWithUs,
    },
    {
      ...ours,
      name: 'requireAccessToken',
      work: 'finds token and revocations in its memory',
    },
    {
      ...ours,
      name: 'requireAccessToken, no token twice',
      work: 'verifies ES256, finds revocations in its memory',
      issueMany: signMany,
    },
    {
      ...atOnce,
      name: 'requireAccessToken, strict',
      work: 'finds the token in its memory, asks our service, which asks the database',
      url: ({ portcullis }) => `${portcullis}/strict`,
      issue: registerWithUs,
    },
    {
      ...untilExpiry,
      name: 'jose, remote key set',
      work: 'verifies ES256',
      url: ({ alternatives }) => `${alternatives}/jose`,
      issue: registerWithUs,
      // It remembers no tokens, so it is comparable with our guard at new tokens.
      issueMany: signMany,
    },
    {
      ...untilExpiry,
      name: 'hono/jwt, CryptoKey',
      work: 'verifies HS256, with a key that can also sign',
      url: ({ alternatives }) => `${alternatives}/hono-jwt`,
      issue: signWithSecret,
    },
    {
      ...atOnce,
      name: 'hono/jwt and a query',
      work: 'verifies HS256, asks the database for the token id',
      url: ({ alternatives }) => `${alternatives}/hono-jwt-and-query`,
      issue: signWithSecret,
    },
    ...betterAuthAlternatives,
  ]
}

const betterAuthAlternatives: readonly Alternative[] = [
  {
    ...atOnce,
    name: 'Better Auth, session in the database',
    work: 'verifies the cookie (HMAC), reads session and user (one query)',
    url: ({ betterAuth }) => `${betterAuth}/`,
    issue: ({ betterAuth }) => signUpWithBetterAuth(betterAuth),
  },
  {
    name: 'Better Auth, cookie cache',
    work: 'verifies two cookies (HMAC), and every 5 min as above',
    refusedWithinSeconds: never,
    revokedLives: 'at most 5 min (`maxAge`)',
    url: ({ betterAuthCookie }) => `${betterAuthCookie}/`,
    issue: ({ betterAuthCookie }) => signUpWithBetterAuth(betterAuthCookie),
  },
  {
    ...untilExpiry,
    name: "Better Auth's JWT plugin and jose",
    work: 'verifies EdDSA',
    url: ({ alternatives }) => `${alternatives}/better-auth-jwt`,
    issue: fetchBetterAuthJwt,
  },
]
