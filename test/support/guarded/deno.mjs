// The same Worker on Deno, which has no execution context.

import worker from './worker.ts'

const env = Deno.env.toObject()
Deno.serve({ hostname: '127.0.0.1', port: Number(env.PORT) }, (request) =>
  worker.fetch(request, env),
)
