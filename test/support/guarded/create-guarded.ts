// A guarded Worker that takes its bounds from variables, with one route for each kind of policy.
// With a binding it asks the service over that, otherwise over HTTP.

import { type ExecutionContext, Hono } from 'hono'
import type { ServiceBinding } from '../../../src/guard/remote/ask-service.ts'
import {
  type RevocationOption,
  requireAccessToken,
  type VerifierOptions,
} from '../../../src/index.ts'

export interface Bindings {
  ISSUER: string
  MAX_STALENESS_SECONDS: string
  AUTH?: ServiceBinding
  DATABASE_URL?: string
}

type SourceOption = VerifierOptions<Bindings>['revocationSource']

/** Far longer than a test. */
const acceptStaleSeconds = 3_600

/** The Worker. By default, its revocations come from the service's feed. */
export function createGuarded(revocationSource?: SourceOption) {
  let app: ReturnType<typeof createApp> | undefined
  return {
    fetch(request: Request, env: Bindings, context?: ExecutionContext) {
      app ??= createApp(env, revocationSource)
      return app.fetch(request, env, context)
    },
  }
}

function createApp(
  { ISSUER: issuer, MAX_STALENESS_SECONDS, AUTH }: Bindings,
  revocationSource: SourceOption,
) {
  const maxStalenessSeconds = Number(MAX_STALENESS_SECONDS)
  const service = AUTH && ((bindings: Bindings) => bindings.AUTH as ServiceBinding)
  const guard = (revocation: RevocationOption) =>
    requireAccessToken({ issuer, audience: issuer, service, revocation, revocationSource })
  return new Hono<{ Bindings: Bindings }>()
    .get('/bounded', guard({ maxStalenessSeconds }), (c) => c.json(c.var.auth.claims))
    .get('/strict', guard('strict'), (c) => c.json(c.var.auth.claims))
    .get('/lenient', guard({ maxStalenessSeconds, acceptStaleSeconds }), (c) =>
      c.json(c.var.auth.claims),
    )
}
