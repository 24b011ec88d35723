// The vectors of Project Wycheproof. Payloads are not JSON, so they run at the JWS layer. Raw
// signatures run in the layer below.

import { describe, expect, inject, it } from 'vitest'
import { decodeBase64Url, encodeBase64Url } from '../../src/crypto/base64url.ts'
import { succeed } from '../../src/errors/reasons.ts'
import { verifyCompactJws } from '../../src/token/compact-jws.ts'
import { parsePublicJwk } from '../../src/token/jwk.ts'
import { isSignatureGenuine } from '../../src/token/signature.ts'
import {
  importPublicKey,
  type JwsAlgorithm,
  type VerificationKey,
} from '../../src/token/verification-key.ts'

interface Jwk {
  readonly kty: string
  readonly kid: string
  readonly alg?: string
  readonly k?: string
  readonly x?: string
  readonly y?: string
  readonly crv?: string
}

interface SignatureGroup {
  readonly publicKeyJwk?: Jwk
  readonly publicKey: { readonly uncompressed: string }
  readonly tests: readonly SignatureVector[]
}

interface JwsVector {
  readonly tcId: number
  readonly comment: string
  readonly jws: string
  readonly result: 'valid' | 'invalid'
}

interface SignatureVector {
  readonly tcId: number
  readonly comment: string
  readonly msg: string
  readonly sig: string
  readonly result: 'valid' | 'invalid'
}

const vectors = inject('wycheproof')

/**
 * Wrong marks in the vectors. Two that are marked invalid equal the valid 357 byte for byte. Two
 * with a `?` inside are marked valid.
 */
const mislabelled = new Map([
  [367, true],
  [370, true],
  [372, false],
  [373, false],
])

describe.skipIf(!vectors)("Wycheproof's JSON Web Signatures", () => {
  const groups: { private?: Jwk; public?: Jwk; tests: JwsVector[] }[] = groupsOf(vectors?.jws)
  const cases = groups.flatMap(({ tests, ...keys }) =>
    tests.map((vector) => ({ ...vector, jwk: keys.public ?? keys.private })),
  )

  it('are complete', () => {
    expect(cases).toHaveLength(401)
  })

  it.each(cases)('$tcId $comment', async ({ tcId, jws, result, jwk }) => {
    const key = await keyOf(jwk)
    const outcome = key && (await verifyCompactJws(jws, async () => succeed(key)))
    // Key kinds that we do not support are refused before any signature is checked.
    const isValid = key !== undefined && (mislabelled.get(tcId) ?? result === 'valid')
    expect(outcome?.ok ?? false).toBe(isValid)
  })

  it('include valid ones of each kind that we support', async () => {
    const accepted = new Set<JwsAlgorithm>()
    for (const { jws, jwk } of cases) {
      const key = await keyOf(jwk)
      if (key && (await verifyCompactJws(jws, async () => succeed(key))).ok) {
        accepted.add(key.algorithm)
      }
    }
    expect([...accepted].sort()).toEqual(['ES256', 'HS256'])
  })
})

describe.skipIf(!vectors)('with the keys that we import', () => {
  const suites = [
    { name: 'ECDSA on P-256', text: vectors?.ecdsa, algorithm: 'ES256', count: 262 },
    { name: 'Ed25519', text: vectors?.ed25519, algorithm: 'EdDSA', count: 151 },
  ] as const

  it.each(suites)('$name accepts and refuses as Wycheproof does', async (suite) => {
    const groups: SignatureGroup[] = groupsOf(suite.text)
    const wrong: string[] = []
    let count = 0
    for (const { tests, ...group } of groups) {
      const key = await keyOf({ ...(group.publicKeyJwk ?? jwkOf(group)), kid: 'wycheproof' })
      expect(key?.algorithm).toBe(suite.algorithm)
      for (const { tcId, comment, msg, sig, result } of tests) {
        count += 1
        const isGenuine = key && (await isSignatureGenuine(key, bytesOf(sig), bytesOf(msg)))
        if (isGenuine !== (result === 'valid')) wrong.push(`${tcId} ${comment}`)
      }
    }
    expect(wrong).toEqual([])
    expect(count).toBe(suite.count)
  })

  it('HMAC-SHA-256 accepts and refuses as Wycheproof does', async () => {
    const groups: { tagSize: number; tests: (SignatureVector & { key: string; tag: string })[] }[] =
      groupsOf(vectors?.hmac)
    const wrong: string[] = []
    for (const { tagSize, tests } of groups) {
      for (const { tcId, comment, key, msg, tag, result } of tests) {
        const hmacKey = await importHmac(bytesOf(key))
        const isGenuine = await isSignatureGenuine(hmacKey, bytesOf(tag), bytesOf(msg))
        // A JWS has only whole tags (RFC 7518 §3.2), so a shortened tag is invalid.
        if (isGenuine !== (result === 'valid' && tagSize === 256)) wrong.push(`${tcId} ${comment}`)
      }
    }
    expect(wrong).toEqual([])
    expect(groups.flatMap(({ tests }) => tests)).toHaveLength(174)
  })
})

function groupsOf(text: string | undefined) {
  return text === undefined ? [] : JSON.parse(text).testGroups
}

/** The key as we import it. Undefined for a kind that we do not support. */
async function keyOf(jwk: Partial<Jwk> | undefined): Promise<VerificationKey | undefined> {
  if (jwk?.kty === 'oct') {
    if (jwk.alg !== 'HS256') return undefined
    return importHmac(decodeBase64Url(jwk.k ?? '') ?? new Uint8Array())
  }
  const parsed = parsePublicJwk(jwk)
  return parsed.ok ? importPublicKey(parsed.value) : undefined
}

async function importHmac(bytes: Uint8Array<ArrayBuffer>): Promise<VerificationKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const cryptoKey = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['verify'])
  return { algorithm: 'HS256', keyId: undefined, cryptoKey }
}

/** Some groups have only a point. */
function jwkOf({ publicKey }: Pick<SignatureGroup, 'publicKey'>): Partial<Jwk> {
  const point = bytesOf(publicKey.uncompressed)
  const [x = '', y = ''] = [point.slice(1, 33), point.slice(33)].map(encodeBase64Url)
  return { kty: 'EC', crv: 'P-256', x, y }
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
