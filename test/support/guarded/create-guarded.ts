// A guarded Worker that takes its bounds from variables, with one route for each kind of policy.
// With a binding it asks the service over that, otherwise over HTTP.

import { type ExecutionContext, Hono } from 'hono'
import type { ServiceBinding } from '../../../src/guard/remote/ask-service.ts'
import {
  createVerifier,
  type RevocationOption,
  refusalResponse,
  requireAccessToken,
  type VerifierOptions,
} from '../../../src/index.ts'

export interface Bindings {
  ISSUER: string
  MAX_STALENESS_SECONDS: string
  /** Follows the feed, also where that is not the default. */
  FOLLOWS?: string
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
  { ISSUER: issuer, MAX_STALENESS_SECONDS, FOLLOWS, AUTH }: Bindings,
  revocationSource: SourceOption,
) {
  const maxStalenessSeconds = Number(MAX_STALENESS_SECONDS)
  const service = AUTH && ((bindings: Bindings) => bindings.AUTH as ServiceBinding)
  const follow = FOLLOWS ? true : undefined
  const options = { issuer, audience: issuer, service, revocationSource }
  const guard = (revocation: RevocationOption) => requireAccessToken({ ...options, revocation })
  const verifier = createVerifier({ ...options, revocation: { maxStalenessSeconds } })
  return new Hono<{ Bindings: Bindings }>()
    .get('/bounded', guard({ maxStalenessSeconds, follow }), (c) => c.json(c.var.auth.claims))
    .get('/strict', guard('strict'), (c) => c.json(c.var.auth.claims))
    .get('/lenient', guard({ maxStalenessSeconds, acceptStaleSeconds }), (c) =>
      c.json(c.var.auth.claims),
    )
    .get('/without-wait-until', async (c) => {
      const verified = await verifier.verify(c.req.raw, { env: c.env })
      return verified.ok ? c.json(verified.value.claims) : refusalResponse(verified.error)
    })
}
