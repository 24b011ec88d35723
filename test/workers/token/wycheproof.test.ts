import { describe, expect, inject, it } from 'vitest'
import { decodeBase64Url } from '../../../src/crypto/base64url.ts'
import { verifyCompactJws } from '../../../src/token/compact-jws.ts'
import type { SigningKey } from '../../../src/token/signing-key.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: string
  readonly result: 'valid' | 'invalid'
}

interface Group {
  readonly private: { kty: string; alg: string; kid: string; k: string }
  readonly tests: readonly Vector[]
}

const text = inject('wycheproofJws')
const groups: Group[] = text === undefined ? [] : JSON.parse(text).testGroups
const hmacGroups = groups.filter((group) => group.private?.kty === 'oct')
const cases = hmacGroups.flatMap((group) =>
  group.tests.map((vector) => ({ ...vector, key: group.private })),
)

/**
 * Two that are marked invalid are the valid 357 byte for byte, and two with a `?` inside are marked
 * valid.
 */
const mislabelled = new Map([
  [367, true],
  [370, true],
  [372, false],
  [373, false],
])

describe.skipIf(text === undefined)("Wycheproof's HMAC signatures", () => {
  it('are all there', () => {
    expect(cases).toHaveLength(40)
  })

  it.each(cases)('$tcId $comment', async ({ tcId, jws, result, key }) => {
    const outcome = await verifyCompactJws(jws, signingKey(key))
    expect(outcome.ok).toBe(mislabelled.get(tcId) ?? result === 'valid')
  })
})

function signingKey({ kid, k }: Group['private']): SigningKey {
  const bytes = decodeBase64Url(k)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return {
    algorithm: 'HS256',
    keyId: kid,
    cryptoKey: () => crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify']),
  }
}
