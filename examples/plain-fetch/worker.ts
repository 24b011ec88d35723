// A Worker without any framework: the verifier takes a request, and gives back who sent it or why not.

import { createVerifier, refusalResponse } from 'portcullis'

let verifier: ReturnType<typeof createVerifier<Env>> | undefined

export default {
  async fetch(request, env, ctx) {
    // One for the isolate: it keeps the key set, and the tokens that it has verified.
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
