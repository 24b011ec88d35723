// Our verification compared with two others: jose, and a few lines over node:crypto. Whatever a
// stranger makes of a token, we must not accept what both others refuse.

import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import fc from 'fast-check'
import { importJWK, type JWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { verifyAccessToken } from '../../src/token/access-token.ts'
import { signCompactJws } from '../../src/token/compact-jws.ts'
import { createSignature } from '../../src/token/create-signature.ts'
import { generateKeyPair } from '../../src/token/key-pair.ts'
import { createLocalKeySet, createSecretKeySet, type KeySet } from '../../src/token/key-set.ts'
import { importSigningKey, publicJwkSet, type SigningKey } from '../../src/token/signing-key.ts'
import { importSecretKey, type JwsAlgorithm } from '../../src/token/verification-key.ts'

const runs = 35_000
const secretKey = 'a secret of these tests: 0123456789abcdef'
const issuer = 'https://auth.example.com'
const audience = 'https://api.example.com'
const now = 1_800_000_000
const clock = { now: () => now }
const claims = {
  iss: issuer,
  aud: audience,
  sub: '7',
  sid: 's'.repeat(16),
  jti: 'j'.repeat(16),
  gen: 'g'.repeat(16),
  iat: now,
  exp: now + 900,
}

interface Subject {
  readonly algorithm: JwsAlgorithm
  readonly keySet: KeySet
  readonly signingKey: SigningKey
  readonly joseKey: Awaited<ReturnType<typeof importJWK>>
  readonly nodeKey: KeyObject | string
}

async function createSubject(algorithm: JwsAlgorithm): Promise<Subject> {
  if (algorithm === 'HS256') {
    const joseKey = new TextEncoder().encode(secretKey)
    const signingKey = await importSecretKey(secretKey)
    const keySet = createSecretKeySet(secretKey)
    return { algorithm, keySet, signingKey, joseKey, nodeKey: secretKey }
  }
  const jwk = { ...(await generateKeyPair(algorithm, systemRuntime)), state: 'active' } as const
  const jwkSet = publicJwkSet([jwk])
  const publicJwk = { ...jwkSet.keys[0] } as JWK
  return {
    algorithm,
    keySet: createLocalKeySet(jwkSet),
    signingKey: await importSigningKey(jwk),
    joseKey: await importJWK(publicJwk, algorithm),
    nodeKey: createPublicKey({ key: publicJwk as never, format: 'jwk' }),
  }
}

async function acceptedByUs({ keySet }: Subject, token: string): Promise<boolean> {
  const findKey = (keyId: string | undefined) => keySet.find(keyId, {})
  return (await verifyAccessToken({ issuer, audience, findKey }, clock, token)).ok
}

function acceptedByJose({ joseKey, algorithm }: Subject, token: string): Promise<boolean> {
  const options = { issuer, audience, algorithms: [algorithm], currentDate: new Date(now * 1_000) }
  return jwtVerify(token, joseKey, options).then(
    () => true,
    () => false,
  )
}

function acceptedByNode(subject: Subject, token: string): boolean {
  try {
    const [header = '', payload = '', signature = '', ...more] = token.split('.')
    const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const { iss, aud, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const isGenuine = isGenuineToNode(subject, `${header}.${payload}`, signature)
    const isForUs = iss === issuer && [aud].flat().includes(audience) && exp > now
    return more.length === 0 && alg === subject.algorithm && isGenuine && isForUs
  } catch {
    return false
  }
}

function isGenuineToNode({ nodeKey }: Subject, input: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url')
  if (typeof nodeKey === 'string') {
    const mac = createHmac('sha256', nodeKey).update(input).digest()
    return mac.length === bytes.length && timingSafeEqual(mac, bytes)
  }
  const isEc = nodeKey.asymmetricKeyType === 'ec'
  const key = isEc ? { key: nodeKey, dsaEncoding: 'ieee-p1363' as const } : nodeKey
  return verify(isEc ? 'sha256' : null, Buffer.from(input), key, bytes)
}

type Mutation = (token: string, subject: Subject) => string | Promise<string>

const replaceSegment = (token: string, index: number, text: string) =>
  token
    .split('.')
    .map((segment, place) => (place === index ? text : segment))
    .join('.')
const encode = (value: string | Uint8Array) => Buffer.from(value as string).toString('base64url')
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const at = (fraction: number, length: number) => Math.floor(fraction * length)

const changedCharacter = fc.tuple(place, fc.constantFrom(...'AQgwZaz059-_.=+/ \n%é')).map(
  ([where, character]): Mutation =>
    (token) => {
      const index = at(where, token.length)
      return token.slice(0, index) + character + token.slice(index + 1)
    },
)
const flippedBit = fc.tuple(fc.nat(2), place, fc.nat(7)).map(
  ([segment, where, bit]): Mutation =>
    (token) => {
      const bytes = Buffer.from(token.split('.')[segment] ?? '', 'base64url')
      const index = at(where, bytes.length)
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
      return replaceSegment(token, segment, encode(bytes))
    },
)
const cutOrGrown = fc.tuple(place, fc.constantFrom('', 'A', '==', '.', '.A', ' ')).map(
  ([where, end]): Mutation =>
    (token) =>
      token.slice(0, at(where, token.length + 1)) + end,
)
const members = [
  'alg',
  'kid',
  'typ',
  'crit',
  'b64',
  'jwk',
  'jku',
  'iss',
  'aud',
  'exp',
  'iat',
  'nbf',
  'sub',
  'jti',
]
const values = fc.oneof(
  fc.constantFrom<unknown>(
    'none',
    'HS256',
    'ES256',
    'EdDSA',
    'JWT',
    'at+jwt',
    issuer,
    audience,
    '',
    null,
    true,
  ),
  fc.constantFrom<unknown>(now - 1, now, now + 1, now + 61, 1.5, -1, 1e300, [audience], [], {}, [
    'exp',
  ]),
)
/** The original claims or header with one member changed: unsigned, or signed by the right key. */
const changedMember = fc.tuple(fc.nat(1), fc.constantFrom(...members), values, fc.boolean()).map(
  ([segment, name, value, isSigned]): Mutation =>
    async (token, { signingKey }) => {
      const part = JSON.parse(Buffer.from(token.split('.')[segment] ?? '', 'base64url').toString())
      const changed = replaceSegment(
        token,
        segment,
        encode(JSON.stringify({ ...part, [name]: value })),
      )
      return isSigned ? signAgain(changed, signingKey) : changed
    },
)
const strangePayload = fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 40 })).map(
  (payload): Mutation =>
    (token, { signingKey }) =>
      signAgain(replaceSegment(token, 1, encode(payload)), signingKey),
)
const strangeSignature = fc.uint8Array({ maxLength: 72 }).map(
  (bytes): Mutation =>
    (token) =>
      replaceSegment(token, 2, encode(bytes)),
)

async function signAgain(token: string, key: SigningKey): Promise<string> {
  const [header = '', payload = ''] = token.split('.')
  const input = `${header}.${payload}`
  return `${input}.${encode(await createSignature(key, new TextEncoder().encode(input)))}`
}

const mutation = fc.oneof(
  changedCharacter,
  flippedBit,
  cutOrGrown,
  changedMember,
  strangePayload,
  strangeSignature,
)

describe.each(['HS256', 'ES256', 'EdDSA'] as const)('tokens with %s', (algorithm) => {
  it(`that were changed, ${runs} of them, are accepted only where others accept them`, async () => {
    const subject = await createSubject(algorithm)
    const token = await signCompactJws(claims, subject.signingKey)
    expect(await acceptedByUs(subject, token)).toBe(true)
    expect(await acceptedByJose(subject, token)).toBe(true)
    expect(acceptedByNode(subject, token)).toBe(true)
    let accepted = 0
    const property = fc.asyncProperty(mutation, async (mutate) => {
      const changed = await mutate(token, subject)
      if (!(await acceptedByUs(subject, changed))) return
      accepted += 1
      const others = acceptedByNode(subject, changed) || (await acceptedByJose(subject, changed))
      if (!others) throw new Error(`Accepted by nobody else: ${changed}`)
    })
    await fc.assert(property, { numRuns: runs })
    // Some changes leave a valid token, such as a claim that nothing reads.
    expect(accepted).toBeGreaterThan(runs / 1_000)
    expect(accepted).toBeLessThan(runs / 4)
  }, 180_000)
})
