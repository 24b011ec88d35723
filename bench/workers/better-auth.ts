// The same handler behind Better Auth's session. The session comes from the database, or with
// SESSION_CACHE=cookie from its cookie cache as long as that is valid.

import { Hono } from 'hono'
import { type BetterAuthBindings, createAuth } from '../support/better-auth.ts'

interface Bindings extends BetterAuthBindings {
  readonly SESSION_CACHE: 'cookie' | 'none'
}

let auth: ReturnType<typeof createAuth> | undefined

/** Created with the first request, because the settings come with it. */
function authOf(env: Bindings) {
  const cookieCache = { enabled: env.SESSION_CACHE === 'cookie', maxAge: 5 * 60 }
  auth ??= createAuth(env, { session: { cookieCache } })
  return auth
}

export default new Hono<{ Bindings: Bindings }>()
  .get(
    '/',
    async (c, next) => {
      const session = await authOf(c.env).api.getSession({ headers: c.req.raw.headers })
      if (!session) return c.json({ status: 'fail' }, 401)
      await next()
    },
    (c) => c.json({ status: 'success' }),
  )
  .on(['GET', 'POST'], '/api/auth/*', (c) => authOf(c.env).handler(c.req.raw))
