// For load balancers and deployments: alive, and able to work.

import { Hono } from 'hono'
import { version } from '../config/version.ts'
import type { Deps } from '../domain/deps.ts'
import { checkReadiness } from '../domain/readiness.ts'
import { respond, respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** `/health` asks nobody; `/ready` asks the database. */
export function healthRoutes(deps: Deps): Hono<ServiceEnv> {
  return new Hono<ServiceEnv>()
    .get('/health', (c) => respond(c, { message: 'Alive.', version }))
    .get('/ready', async (c) => {
      const readiness = await checkReadiness(deps)
      if (!readiness.ok) return respondRefused(c, deps, readiness.error)
      return respond(c, { message: 'Ready.', version })
    })
}
