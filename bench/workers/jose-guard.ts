// A guard made of jose, as the documents of jose and Better Auth show it, but with one key set for
// all requests.

import type { Context, Next } from 'hono'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import type { GuardedEnv, ServiceBinding } from '../../src/index.ts'

/** Verifies tokens of `ISSUER`. `service` has its keys at `path`. */
export function verifyWithJose<Bindings extends { readonly ISSUER: string }>(
  path: string,
  algorithm: string,
  service: (env: Bindings) => ServiceBinding,
) {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined
  return async (c: Context<GuardedEnv<Bindings>>, next: Next) => {
    const { ISSUER: issuer } = c.env
    keys ??= createRemoteJWKSet(new URL(path, issuer), {
      [customFetch]: (url, { headers }) => service(c.env).fetch(new Request(url, { headers })),
    })
    const token = c.req.header('Authorization')?.slice('Bearer '.length) ?? ''
    const expected = { issuer, audience: issuer, algorithms: [algorithm] }
    const verified = await jwtVerify(token, keys, expected).catch(() => undefined)
    if (!verified) return c.json({ status: 'fail' }, 401)
    await next()
    return undefined
  }
}
