import { describe, expect, it } from 'vitest'
import { parseSigningKeys } from '../../src/token/signing-key.ts'
import { createSigningJwk } from '../support/issuer.ts'
import { brokenKey } from '../support/service.ts'

const active = await createSigningJwk('ES256', 'active')
const next = await createSigningJwk('EdDSA', 'next')
const other = await createSigningJwk('ES256', 'active')
const second = await createSigningJwk('EdDSA', 'next')
const old = await createSigningJwk('ES256', 'retired')
const setOf = (...keys: unknown[]) => JSON.stringify({ keys })

describe('SIGNING_KEYS', () => {
  it('is read with its states, and without unknown members', async () => {
    const retired = { ...active, kid: 'old', state: 'retired', retired_at: 1_700_000_000 }
    const text = setOf(next, { ...active, comment: 'mine', use: 'sig' }, retired)
    expect(await parseSigningKeys(text)).toEqual({ ok: true, value: [next, active, retired] })
  })

  const { d: _, ...publicHalf } = active
  it.each([
    ['no JSON', 'secret', /^must be a private JWK Set/],
    ['a key alone', JSON.stringify(active), /^must be a private JWK Set/],
    ['no keys', setOf(), /^must be a private JWK Set/],
    ['a public key', setOf(publicHalf), /key 1 lacks its private half/],
    ['a key without a state', setOf({ ...active, state: undefined }), /key 1 has no state/],
    ['a state of its own', setOf({ ...active, state: 'current' }), /key 1 has no state/],
    ['a key without a name', setOf(active, { ...next, kid: '' }), /key 2 has no name/],
    ['a key of another kind', setOf({ ...active, kty: 'RSA' }), /key 1 is neither EC on P-256/],
    ['another curve', setOf({ ...active, crv: 'P-384' }), /key 1 is neither EC on P-256/],
    ['a secret', setOf({ kty: 'oct', kid: 'x', k: 'AAAA', state: 'active' }), /key 1 is neither/],
    ['another algorithm', setOf({ ...active, alg: 'ES384' }), /names another algorithm.*ES256/],
    ['a key for encryption', setOf({ ...active, use: 'enc' }), /not for signatures/],
    ['half a point', setOf({ ...active, y: undefined }), /lacks its public half/],
    ['a short coordinate', setOf({ ...active, x: 'AAAA' }), /lacks its public half/],
    ['another spelling', setOf({ ...active, x: `${active.x.slice(0, 42)}+` }), /public half/],
    ['a curve of another algorithm', setOf({ ...active, alg: 'EdDSA' }), /key 1 names another alg/],
    ['a pair of two halves', setOf({ ...active, d: other.d }), /key 1 is not a pair/],
    [
      'an Ed25519 pair of two halves',
      setOf(active, { ...next, x: second.x }),
      /key 2 is not a pair/,
    ],
    ['no point of the curve', setOf(brokenKey), /key 1 is not a pair/],
    [
      'a retired key that is no pair',
      setOf(active, { ...old, d: active.d }),
      /key 2 is not a pair/,
    ],
    ['no active key', setOf(next), /must have one active key \(state\), not 0/],
    ['two active keys', setOf(active, { ...next, state: 'active' }), /one active key.*not 2/],
    ['one name twice', setOf(active, { ...next, kid: active.kid }), /two keys the same name/],
    ['a time that is none', setOf({ ...active, retired_at: 'now' }), /retired_at/],
    ['no object', setOf(5), /key 1 is not a JSON object/],
    ['too many', setOf(...Array(17).fill(next)), /at most 16/],
  ])('is invalid: %s, and the error shows no key', async (_name, text, sentence) => {
    const parsed = await parseSigningKeys(text)
    expect(parsed.ok ? '' : parsed.error).toMatch(sentence)
    expect(JSON.stringify(parsed)).not.toContain(active.d)
    expect(JSON.stringify(parsed)).not.toContain(next.d)
  })
})
