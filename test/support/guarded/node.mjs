// The same Worker on Node or Bun, which follows the feed there as well.

import { createServer } from 'node:http'
import worker from './worker.ts'

const { PORT, ...variables } = process.env
const env = { ...variables, FOLLOWS: 'yes' }

createServer(async ({ url, headers: { authorization } }, outgoing) => {
  const headers = authorization === undefined ? {} : { Authorization: authorization }
  const answer = await worker.fetch(new Request(`http://127.0.0.1:${PORT}${url}`, { headers }), env)
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
  outgoing.end(await answer.text())
}).listen(Number(PORT), '127.0.0.1')
