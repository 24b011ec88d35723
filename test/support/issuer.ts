// An issuer for tests of guards. It has key pairs, and tokens that our own function signs with
// them. Its service binding answers like the service, or as the test says.

import { createRandomId } from '../../src/crypto/random-id.ts'
import type { ServiceBinding } from '../../src/guard/remote/ask-service.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { issueAccessToken } from '../../src/token/access-token.ts'
import type { KeyPairAlgorithm } from '../../src/token/jwk.ts'
import { generateKeyPair } from '../../src/token/key-pair.ts'
import { importSigningKey, publicJwkSet, type SigningJwk } from '../../src/token/signing-key.ts'
import type { FakeClock } from './service.ts'

export const issuer = 'https://auth.example.com'
export const audience = 'https://api.example.com'

/** A fresh key pair, in the form of SIGNING_KEYS. */
export async function createSigningJwk(
  algorithm: KeyPairAlgorithm = 'ES256',
  state: SigningJwk['state'] = 'active',
): Promise<SigningJwk> {
  return { ...(await generateKeyPair(algorithm, systemRuntime)), state }
}

/** A token of the issuer, signed with the key. */
export function issueWith(jwk: SigningJwk, clock: FakeClock, changes = {}): Promise<string> {
  const settings = {
    issuer,
    audience,
    signingKey: () => importSigningKey(jwk),
    ...changes,
  }
  const subject = {
    userId: 7,
    sessionId: 's'.repeat(16),
    tokenId: createRandomId(systemRuntime),
    tokenGeneration: 'g'.repeat(16),
    roles: [],
    authenticatedAt: clock.now(),
    issuedAt: clock.now(),
    expiresAt: clock.now() + 900,
  }
  return issueAccessToken(settings, subject)
}

export interface TestBinding extends ServiceBinding {
  /** The URLs of the requests. */
  readonly asked: string[]
  /** Sets the answer from now on. */
  answerWith(answer: () => Response | Promise<Response>): void
  /** Sets the served key set from now on. */
  serve(...keys: readonly SigningJwk[]): void
}

/** A binding to a service with these keys. */
export function createBinding(...keys: readonly SigningJwk[]): TestBinding {
  const asked: string[] = []
  const setOf = (served: readonly SigningJwk[]) => () => Response.json(publicJwkSet(served))
  let answer: () => Response | Promise<Response> = setOf(keys)
  return {
    asked,
    async fetch(request) {
      asked.push(request.url)
      return answer()
    },
    answerWith(next) {
      answer = next
    },
    serve(...served) {
      answer = setOf(served)
    },
  }
}
