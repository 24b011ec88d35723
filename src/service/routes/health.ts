// For load balancers and deployments: whether the service is alive, and whether it can work.

import { succeed } from '../../errors/reasons.ts'
import { version } from '../config/version.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'

const healthRoute = defineRoute({
  name: 'health',
  method: 'GET',
  path: '/health',
  credential: 'none',
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: false,
  success: 200,
  async handle(_deps, { c }) {
    return succeed(respond(c, { message: 'Alive.', version }))
  },
})

const readyRoute = defineRoute({
  name: 'ready',
  method: 'GET',
  path: '/ready',
  credential: 'none',
  limits: 'none',
  refusals: ['schema_outdated', 'schema_too_new', 'signing_key_revoked'],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c }) {
    const readiness = await deps.readiness.check()
    return readiness.ok ? succeed(respond(c, { message: 'Ready.', version })) : readiness
  },
})

/** `/health` does not ask the database. `/ready` does. */
export const healthRoutes = [healthRoute, readyRoute] as const
