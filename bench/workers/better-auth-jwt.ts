// Better Auth with its JWT plugin. It signs the tokens that an API verifies by itself.

import { jwt } from 'better-auth/plugins/jwt'
import { Hono } from 'hono'
import { type BetterAuthBindings, createAuth } from '../support/better-auth.ts'

let auth: ReturnType<typeof createAuth> | undefined

export default new Hono<{ Bindings: BetterAuthBindings }>().on(
  ['GET', 'POST'],
  '/api/auth/*',
  (c) => {
    auth ??= createAuth(c.env, { plugins: [jwt()] })
    return auth.handler(c.req.raw)
  },
)
