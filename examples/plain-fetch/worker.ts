// Run it while `npm run dev` runs: npx wrangler dev -c examples/plain-fetch/wrangler.toml --port 8788
// With another port or ISSUER of the service, add the options that `npm run dev` prints.
//
// A Worker without any framework. The verifier takes a request, and gives its user or a refusal.

import { createVerifier, refusalResponse } from 'portcullis'

let verifier: ReturnType<typeof createVerifier<Env>> | undefined

export default {
  async fetch(request, env, ctx) {
    // One for the isolate: it keeps the key set and the tokens that it has verified.
    verifier ??= createVerifier({
      issuer: env.ISSUER,
      audience: env.AUDIENCE,
      service: (bindings: Env) => bindings.AUTH,
    })
    const auth = await verifier.verify(request, { env, waitUntil: (work) => ctx.waitUntil(work) })
    if (!auth.ok) return refusalResponse(auth.error)
    return Response.json({ user: auth.value.subject, session: auth.value.sessionId })
  },
} satisfies ExportedHandler<Env>
