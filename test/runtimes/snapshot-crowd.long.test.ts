// Many clients that request a long page of the snapshot and do not read it. The service sends to a
// few of them, and guards keep working meanwhile.

import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { until } from '../support/server.ts'
import { revokedSession, type Stage, startStage } from '../support/stage.ts'

const clients = 40
const longestAnswers = 8

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  await stage.service.database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 390000)
    INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
    SELECT lower(hex(randomblob(8))), unixepoch(), unixepoch() + 900 FROM n`,
  )
})
afterAll(() => stage?.stop())

/** Requests the page, and reads none of its rows. */
function askAndStall(): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  get(`${stage.service.issuer}/auth/feed/snapshot/0`, { agent: false }, resolve).on('error', reject)
  return promise
}

describe('40 clients that do not read a long page', () => {
  it('are refused except for eight, whose answers end in time; guards keep working', async () => {
    const running = await stage.startGuard()
    const [live, dying] = [await stage.mint(running.issuer), await stage.mint(running.issuer)]
    await loaded(running, live)
    const answers = await Promise.all(Array.from({ length: clients }, askAndStall))
    const refused = answers.filter(({ statusCode }) => statusCode === 503)
    expect(refused).toHaveLength(clients - longestAnswers)
    expect(new Set(refused.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['5']))

    const cold = await stage.startGuard()
    expect((await cold.ask(await stage.mint(cold.issuer))).status).toBe(200)
    expect((await cold.ask(await stage.mint(cold.issuer, revokedSession))).status).toBe(401)
    await stage.revoke(dying)
    const revokedAtMs = performance.now()
    await until(async () => (await running.ask(dying)).status === 401)
    expect(performance.now() - revokedAtMs).toBeLessThan(boundMs)
    expect((await running.ask(live)).status).toBe(200)

    const page = async () => fetch(`${stage.service.issuer}/auth/feed/snapshot/0`)
    await until(async () => {
      const answer = await page()
      const text = await answer.text()
      return answer.status === 200 && text.length > 390_000 * 23
    })
    for (const answer of answers) answer.destroy()
  })
})
