// The test issuer on whatever runtime this is started with: an application's own guard, made once, and
// three issuers in a row. Prints what the guard answers.

import { Hono } from 'hono'
import { requireAccessToken, requireFreshLogin } from '../../dist/index.js'
import { createTestIssuer } from '../../dist/testing.js'

const issuer = 'https://auth.example.com'
const audience = 'https://api.example.com'
const app = new Hono()
  .use(requireAccessToken({ issuer, audience, service: (env) => env.AUTH }))
  .get('/', (c) => c.text('in'))
  .get('/fresh', requireFreshLogin({ maxAgeSeconds: 300 }), (c) => c.text('in'))

async function answersTo({ service, token, revoke, advance, goStale, recover }) {
  const ask = async (given, path = '/') => {
    const headers = { Authorization: `Bearer ${given}` }
    return (await app.request(path, { headers }, { AUTH: service })).status
  }
  const [one, other] = [await token(), await token()]
  const answers = [await ask(one), await ask(other), await ask(other, '/fresh')]
  revoke(one, { elsewhere: true })
  advance(10)
  answers.push(await ask(one), await ask(other))
  goStale()
  answers.push(await ask(other))
  recover()
  answers.push(await ask(other), await ask(other, '/fresh'))
  advance(900)
  answers.push(await ask(other), await ask(await token()))
  goStale()
  answers.push(await ask(await token()))
  return answers
}

const answers = []
for (let made = 0; made < 3; made += 1) {
  answers.push(await answersTo(createTestIssuer({ issuer, audience })))
}
console.log(JSON.stringify(answers))
