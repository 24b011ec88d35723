import fc from 'fast-check'
import { decodeProtectedHeader, importJWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../src/crypto/base64url.ts'
import {
  issueAccessToken,
  revocationIdsOf,
  verifyAccessToken,
} from '../../src/token/access-token.ts'
import { createSecretKeySet } from '../../src/token/key-set.ts'
import { importSecretSigningKey } from '../../src/token/signing-key.ts'
import { createFakeClock, secretKey } from '../support/service.ts'

const settings = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  signingKey: () => importSecretSigningKey(secretKey),
  findKey: (keyId: string | undefined) => createSecretKeySet(secretKey).find(keyId, {}),
}
const keyBytes = new TextEncoder().encode(secretKey)
const clock = createFakeClock()
const subject = {
  userId: 7,
  sessionId: 's'.repeat(16),
  tokenId: 'j'.repeat(16),
  tokenGeneration: 'g'.repeat(16),
  roles: ['admin', 'editor'],
  authenticatedAt: clock.now() - 60,
  issuedAt: clock.now(),
  expiresAt: clock.now() + 900,
}

const verify = (token: string, at = clock) => verifyAccessToken(settings, at, token)
const issue = (at = clock) =>
  issueAccessToken(settings, {
    ...subject,
    issuedAt: at.now(),
    expiresAt: at.now() + 900,
  })

const goodClaims = () => ({
  iss: settings.issuer,
  aud: settings.audience as unknown,
  sub: '7',
  sid: subject.sessionId,
  jti: 'j'.repeat(16),
  gen: subject.tokenGeneration,
  roles: subject.roles as unknown,
  auth_time: subject.authenticatedAt as unknown,
  iat: clock.now(),
  exp: clock.now() + 900,
})

/** A token with any claims, signed with the right key by another implementation. */
async function signed(claims: Record<string, unknown>, header: Record<string, unknown> = {}) {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', ...header })
  return token.sign(keyBytes, header.crit ? { crit: { b64: true } } : {})
}

/** Any bytes as header and payload, with a genuine signature. */
async function signedRaw(header: string | Uint8Array, payload: string | Uint8Array) {
  const segment = (part: string | Uint8Array) =>
    encodeBase64Url(typeof part === 'string' ? new TextEncoder().encode(part) : part)
  const input = `${segment(header)}.${segment(payload)}`
  const { cryptoKey: key } = await settings.signingKey()
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(input))
  return `${input}.${encodeBase64Url(new Uint8Array(mac))}`
}

const goodHeader = JSON.stringify({ alg: 'HS256', typ: 'JWT' })

describe('an access token', () => {
  it('has subject, issuer, audience and expiry', async () => {
    const claims = await verify(await issue())
    expect(claims).toEqual({
      ok: true,
      value: {
        claims: goodClaims(),
        key: expect.objectContaining({ algorithm: 'HS256', keyId: undefined }),
      },
    })
  })

  it("has the application's claims, which never have the name of a standard claim", async () => {
    const issueWith = (claims: Record<string, unknown>) =>
      issueAccessToken(settings, subject, claims)
    const verified = await verify(await issueWith({ plan: 'gold', seats: [1, 2] }))
    expect(verified).toMatchObject({ ok: true, value: { claims: { plan: 'gold', seats: [1, 2] } } })
    for (const claim of ['sub', 'exp', 'roles', 'auth_time', 'gen', 'nbf']) {
      await expect(issueWith({ [claim]: 'x' })).rejects.toThrow(
        `The claim ${claim} belongs to Portcullis`,
      )
    }
  })

  it('is never longer than fits into a cookie', async () => {
    const issueWith = (length: number) =>
      issueAccessToken(settings, subject, { long: 'x'.repeat(length) })
    expect((await issueWith(2_500)).length).toBeLessThanOrEqual(4_000)
    await expect(issueWith(3_000)).rejects.toThrow('and may have at most 4000')
  })

  it('allows a logout after it has expired, and a forged one does not', async () => {
    const at = createFakeClock()
    const token = await issue(at)
    at.advance(10_000)
    const allowExpired = { ...settings, allowExpired: true }
    expect(await verifyAccessToken(allowExpired, at, token)).toMatchObject({ ok: true })
    const forged = `${token.slice(0, -9)}AAAAAAAAA`
    expect(await verifyAccessToken(allowExpired, at, forged)).toMatchObject({
      error: 'token_signature_wrong',
    })
  })

  it('may come from a version without roles', async () => {
    const { roles: _, auth_time: __, ...before } = goodClaims()
    expect(await verify(await signed(before))).toMatchObject({ ok: true })
  })

  it('is a JWT for other implementations', async () => {
    const token = await issue()
    const options = {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: ['HS256'],
      currentDate: new Date(clock.now() * 1000),
    }
    const { payload } = await jwtVerify(token, keyBytes, options)
    expect(payload.sub).toBe('7')
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' })
  })

  it('is revoked by its own id, its session and its generation', async () => {
    const verified = await verify(await issue())
    if (!verified.ok) throw new Error(verified.error)
    const { jti, sid, gen } = verified.value.claims
    expect(await revocationIdsOf(verified.value)).toEqual([jti, sid, gen])
  })

  it('is revoked by its key, where it names one: 96 bits of the SHA-256 of the key id', async () => {
    const verified = await verify(await issue())
    if (!verified.ok) throw new Error(verified.error)
    const key = { ...verified.value.key, keyId: 'abc' }
    // printf abc | openssl dgst -sha256 -binary | head -c 12 | base64 | tr +/ -_
    expect((await revocationIdsOf({ ...verified.value, key }))[3]).toBe('ungWv48Bz-pBQUDe')
  })

  it('is valid until the second before its expiry, and without leeway no longer', async () => {
    const at = createFakeClock()
    const token = await issue(at)
    at.advance(899)
    expect(await verify(token, at)).toMatchObject({ ok: true })
    at.advance(1)
    expect(await verify(token, at)).toEqual({ ok: false, error: 'token_expired' })
  })

  it('may come from a clock that is up to 60 s ahead', async () => {
    const ahead = { ...goodClaims(), iat: clock.now() + 60, nbf: clock.now() + 60 }
    expect(await verify(await signed(ahead))).toMatchObject({ ok: true })
  })

  it('may be for several audiences', async () => {
    const several = { ...goodClaims(), aud: ['https://other.example.com', settings.audience] }
    expect(await verify(await signed(several))).toMatchObject({ ok: true })
  })
})

describe('verification refuses', () => {
  const without = (claim: string) => {
    const { [claim]: _, ...rest } = goodClaims() as Record<string, unknown>
    return rest
  }
  const names = ['iss', 'aud', 'sub', 'sid', 'jti', 'gen', 'iat', 'exp']

  it.each(names)('a token without %s', async (name) => {
    const token = await signed(without(name))
    expect(await verify(token)).toEqual({ ok: false, error: 'token_claims_unacceptable' })
  })

  const neither = [null, true, {}, '']
  const noText = [...neither, 1, ['x']]
  const noId = [...noText, 'x'.repeat(15), 'x'.repeat(17), `${'x'.repeat(15)}+`]
  const noInstant = [...neither, -1, 1.5, 1e300, '1', [1]]
  it.each([
    ['iss', noText],
    ['aud', [...neither, 1, [1], ['', 'x']]],
    ['sub', noText],
    ['sid', noId],
    ['jti', noId],
    ['gen', noId],
    ['iat', noInstant],
    ['exp', noInstant],
    ['nbf', noInstant],
  ])('a token with another type of %s', async (name, values) => {
    for (const value of values) {
      const token = await signedRaw(goodHeader, JSON.stringify({ ...goodClaims(), [name]: value }))
      const refused = { ok: false, error: 'token_claims_unacceptable' }
      expect(await verify(token), `${name}: ${JSON.stringify(value)}`).toEqual(refused)
    }
  })

  it.each([
    ['another issuer', { iss: 'https://evil.example.com' }, 'token_issuer_wrong'],
    ['another audience', { aud: 'https://other.example.com' }, 'token_audience_wrong'],
    ['no audience of ours', { aud: ['https://other.example.com'] }, 'token_audience_wrong'],
    ['a list without audiences', { aud: [] }, 'token_audience_wrong'],
    ['a time of issue too far ahead', { iat: clock.now() + 61 }, 'token_from_the_future'],
    ['a beginning too far ahead', { nbf: clock.now() + 61 }, 'token_from_the_future'],
    ['an expiry that is now', { exp: clock.now() }, 'token_expired'],
  ])('%s', async (_, claims, error) => {
    expect(await verify(await signed({ ...goodClaims(), ...claims }))).toEqual({
      ok: false,
      error,
    })
  })

  it.each([
    ['another algorithm', { alg: 'HS512' }],
    ['no algorithm', { alg: 'none' }],
    ['the algorithm in lower case', { alg: 'hs256' }],
    ['another type', { alg: 'HS256', typ: 'at+jwt' }],
    ['the algorithm of another kind of key', { alg: 'ES256' }],
    ['a key id that is no text', { alg: 'HS256', kid: 1 }],
    ['critical extensions', { alg: 'HS256', crit: ['exp'] }],
    ['an empty list of critical extensions', { alg: 'HS256', crit: [] }],
    ['nothing', {}],
  ])('a header with %s', async (_, header) => {
    const token = await signedRaw(JSON.stringify(header), JSON.stringify(goodClaims()))
    expect(await verify(token)).toEqual({ ok: false, error: 'token_header_unacceptable' })
  })

  it.each(['[]', '5', '"x"', 'null', '', 'not json', '\ufeff{"alg":"HS256"}'])(
    'a header that is %j',
    async (header) => {
      const { ok } = await verify(await signedRaw(header, JSON.stringify(goodClaims())))
      expect(ok).toBe(false)
    },
  )

  it.each(['[1,2]', '5', '"abc"', 'null', '{', new Uint8Array([0x7b, 0xff, 0x7d])])(
    'a payload that is %j, whatever signed it',
    async (payload) => {
      const outcome = await verify(await signedRaw(goodHeader, payload))
      expect(outcome).toEqual({ ok: false, error: 'token_claims_unacceptable' })
    },
  )

  it('a forged token as forged, not as expired', async () => {
    const { iss, aud, sub } = goodClaims()
    const stranger = new TextEncoder().encode('x'.repeat(32))
    const token = await new SignJWT({ iss, aud: String(aud), sub, exp: 1 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(stranger)
    expect(await verify(token)).toEqual({ ok: false, error: 'token_signature_wrong' })
  })

  it('every other encoding of a genuine token', async () => {
    const token = await issue()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const others = [...alphabet].map((last) => token.slice(0, -1) + last)
    others.push(`${token}=`, `${token}.`, ` ${token}`, `${token}\n`, token.replace('.', '=.'))
    const accepted = []
    for (const other of others) if ((await verify(other)).ok) accepted.push(other)
    expect(accepted).toEqual([token])
  })

  // The header of the last genuine token is not parsed again.
  it('a known header where it or the rest of the token differs', async () => {
    const good = await issue()
    const [header = '', payload = '', signature = ''] = good.split('.')
    const others = [
      [header.slice(0, -1), payload, signature],
      [`${header}A`, payload, signature],
      ['', payload, signature],
      [header, '', signature],
      [header, payload, ''],
      [header, payload],
      [header],
      [header, payload, signature, ''],
    ]
    for (const other of others) {
      expect(await verify(good)).toMatchObject({ ok: true })
      const refused = { ok: false, error: 'token_not_canonical' }
      expect(await verify(other.join('.')), other.join('.')).toEqual(refused)
    }
    const forged = await verify(`${header}.${payload}.${'A'.repeat(signature.length)}`)
    expect(forged).toEqual({ ok: false, error: 'token_signature_wrong' })
  })

  it('bytes that are not UTF-8, and keeps none of them for the next token', async () => {
    // Cut within a character, or with a byte order mark.
    for (const bytes of [
      [0x7b, 0xe2, 0x82],
      [0xef, 0xbb, 0xbf, 0x7b, 0x7d],
      [0xf0, 0x9f],
    ]) {
      const bad = await verify(await signedRaw(goodHeader, Uint8Array.from(bytes)))
      expect(bad).toEqual({ ok: false, error: 'token_claims_unacceptable' })
      expect(await verify(await issue())).toMatchObject({ ok: true })
    }
  })

  it('a token that names a key, where the key has no id', async () => {
    const token = await signedRaw(
      JSON.stringify({ alg: 'HS256', kid: 'k1' }),
      JSON.stringify(goodClaims()),
    )
    expect(await verify(token)).toEqual({ ok: false, error: 'token_key_unknown' })
  })

  it('a token of more than 4 KiB before anything else', async () => {
    const long = await signed({ ...goodClaims(), more: 'x'.repeat(4_096) })
    expect(await verify(long)).toEqual({ ok: false, error: 'token_too_long' })
    const justShort = await signed({ ...goodClaims(), more: 'x'.repeat(2_700) })
    expect(justShort.length).toBeLessThan(4_096)
    expect(await verify(justShort)).toMatchObject({ ok: true })
  })

  it('anything else, and never throws', async () => {
    const segment = fc.string({ unit: fc.constantFrom(...'AZaz09-_.{}"=+/ é'), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 4 }), async (segments) => {
        expect((await verify(segments.join('.'))).ok).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('every token that another implementation refuses, with any one character changed', async () => {
    const token = await issue()
    const key = await importJWK({ kty: 'oct', k: encodeBase64Url(keyBytes) }, 'HS256')
    const change = fc.tuple(fc.nat(token.length - 1), fc.constantFrom(...'AQgwZaz059-_.=+'))
    await fc.assert(
      fc.asyncProperty(change, async ([place, character]) => {
        const changed = token.slice(0, place) + character + token.slice(place + 1)
        const { ok } = await verify(changed)
        if (ok) await jwtVerify(changed, key, { currentDate: new Date(clock.now() * 1000) })
        expect(ok).toBe(changed === token)
      }),
      { numRuns: 2_000 },
    )
  })
})
