// The guard on whatever runtime this is started with: asks itself, and prints what it answers.

import { Hono } from 'hono'
import { createVerifier, requireAccessToken } from '../../dist/index.js'

const [issuer, token, revoked] = process.argv.slice(2)
const options = { issuer, audience: issuer }
const app = new Hono()
  .use(requireAccessToken(options))
  .get('/', (c) => c.json({ subject: c.var.auth.subject }))

async function ask(...tokens) {
  const answers = []
  for (const each of tokens) {
    const headers = each === undefined ? {} : { Authorization: `Bearer ${each}` }
    const answer = await app.request('/', { headers })
    answers.push(answer.status)
  }
  return answers
}

const forged = `${token.slice(0, -10)}AAAAAAAAAA`
// A signature of another length: some platforms throw for it.
const shortened = token.slice(0, token.lastIndexOf('.') + 5)
const statuses = await ask(revoked, token, token, undefined, 'x', forged, shortened)
const strict = createVerifier({ ...options, revocation: 'strict' })
const [good, bad] = [await strict.verify(token), await strict.verify(revoked)]
const elsewhere = createVerifier({ issuer: 'http://127.0.0.1:9', audience: 'any' })
const unreachable = await elsewhere.verify(token)
console.log(
  JSON.stringify({
    statuses,
    strict: [good.ok, bad.error.reason],
    unreachable: unreachable.error.reason,
  }),
)
