// A stopped database (SIGSTOP), behind the service and its guards.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectFailsClosed, observeOutage } from '../support/outage.ts'
import { until } from '../support/server.ts'
import { type Stage, startStage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

describe('while the database is stopped (SIGSTOP)', () => {
  it('a guard answers from memory, then 503, and an earlier logout holds afterwards', async () => {
    const { client, database } = stage.service
    const guard = await stage.startGuard('over a service binding')
    const outage = await observeOutage({
      guard,
      ...stage,
      mint: (issuer, session) => (session ? stage.mint(issuer, session) : client.token()),
      async revoke(token) {
        expect((await client.logout(token)).status).toBe(200)
      },
      isRevokedBefore: true,
      break: () => void database.sqld.process.kill('SIGSTOP'),
      mend: () => void database.sqld.process.kill('SIGCONT'),
    })
    expectFailsClosed(outage)
    const [line] = guard.server.log()
    expect(line).toMatchObject({ event: 'revocation_feed_unavailable', issuer: guard.issuer })
    expect(line?.problem).toMatch(/did not answer within 3 s|status 503; check that the service/)
    await until(async () => (await guard.ask(await client.token())).status === 200)
  })
})
