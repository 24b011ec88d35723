// The steps of verifying a token, each together with the steps before it, as separate handlers. The
// difference of two handlers is the cost of the later step.

import { type Context, Hono } from 'hono'
import { createRemoteKeySet, type ServiceBinding } from '../../src/index.ts'
import { revocationIdsOf, verifyAccessToken } from '../../src/token/access-token.ts'
import { verifyCompactJws } from '../../src/token/compact-jws.ts'
import type { VerificationKey } from '../../src/token/verification-key.ts'

const runtime = { now: () => Math.floor(Date.now() / 1_000) }

/**
 * The handlers by name. The step of the signature alone verifies one token again and again, parsed
 * beforehand.
 */
export function createStepApps<Bindings extends object>(
  issuer: string,
  service: (env: Bindings) => ServiceBinding,
) {
  const keys = createRemoteKeySet({ issuer, service })
  const findKeyFor = (c: Context) => (keyId: string | undefined) => keys.find(keyId, { env: c.env })
  const expectationsOf = (c: Context) => ({ issuer, audience: issuer, findKey: findKeyFor(c) })
  let parts: Parts | undefined
  return {
    'step-signature': appOf(async (token, c) => {
      parts ??= await takeApart(token, findKeyFor(c))
      const { key, signature, input } = parts
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
      return crypto.subtle.verify(algorithm, key.cryptoKey, signature, input)
    }),
    'step-jws': appOf(async (token, c) => (await verifyCompactJws(token, findKeyFor(c))).ok),
    'step-claims': appOf(async (token, c) => {
      return (await verifyAccessToken(expectationsOf(c), runtime, token)).ok
    }),
    'step-ids': appOf(async (token, c) => {
      const verified = await verifyAccessToken(expectationsOf(c), runtime, token)
      return verified.ok && (await revocationIdsOf(verified.value)).length === 4
    }),
  }
}

interface Parts {
  readonly key: VerificationKey
  readonly signature: Uint8Array
  readonly input: Uint8Array
}

async function takeApart(
  token: string,
  findKey: Parameters<typeof verifyCompactJws>[1],
): Promise<Parts> {
  const verified = await verifyCompactJws(token, findKey)
  if (!verified.ok) throw new Error(verified.error)
  const [header, payload, signature = ''] = token.split('.')
  return {
    key: verified.value.key,
    signature: Buffer.from(signature, 'base64url'),
    input: Buffer.from(`${header}.${payload}`),
  }
}

function appOf(step: (token: string, c: Context) => Promise<boolean>) {
  return new Hono().get('/*', async (c) => {
    const token = c.req.header('Authorization')?.slice('Bearer '.length) ?? ''
    return (await step(token, c)) ? c.json({ status: 'success' }) : c.body(null, 401)
  })
}
