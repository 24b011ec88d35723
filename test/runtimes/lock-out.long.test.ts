// A stranger who knows only an email tries to lock its owner out, over a service on two platforms.

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Answer, createClientOf, freshEmail } from '../support/client.ts'
import {
  countOf,
  doAtOnce,
  type LimitedServers,
  loginFrom,
  startLimitedServers,
  tally,
} from '../support/limited-servers.ts'

const strangersAddress = '198.51.100.1'
const ownersAddress = '203.0.113.1'
const attempts = 10_000
const atOnce = 32
const daySeconds = 86_400
/** A login of the owner, on a machine that also runs the attack. */
const atOnceMs = 3_000
/** How late the attempts after a delay may come, in all. */
const slackSeconds = 5

describe('a stranger who fails 10,000 times for an account', () => {
  let limited: LimitedServers
  const account = { email: freshEmail(), password: 'a good password' }
  let deviceToken: unknown
  /** Wrong passwords that were checked. */
  let checked = 0

  beforeAll(async () => {
    limited = await startLimitedServers(inject('bundle'))
    const registered = await createClientOf(limited.servers[0].baseUrl).register(account)
    const login = await loginFrom(limited.servers[0], { ...account, address: ownersAddress })
    deviceToken = login.body.device_token
    expect([registered.status, login.status, typeof deviceToken]).toEqual([201, 200, 'string'])
  })
  afterAll(async () => limited?.stop())

  const turn = (index: number) => limited.servers[index % 2 === 0 ? 0 : 1]

  /** The status of a login of the owner, and whether it came at once. */
  async function ownersLogin(address: string, device?: unknown) {
    const startedAt = performance.now()
    const { status } = await loginFrom(turn(Math.floor(startedAt)), {
      ...{ ...account, address },
      ...(device !== undefined && { deviceToken: device }),
    })
    return [status, performance.now() - startedAt < atOnceMs]
  }

  /** Fails again where the next attempt is due soon. After that one, the delay is a long one. */
  async function waitForDelay() {
    const wrong = { email: account.email, address: strangersAddress }
    for (;;) {
      const answer = await loginFrom(turn(0), wrong)
      if (answer.status === 404) checked += 1
      const [wait = 0] = waitsOf([answer])
      if (wait > 5) return
      await delay(wait * 1_000)
    }
  }

  it('from one address has as many checked as the delays allow, and stops nobody else', async () => {
    const startedAt = performance.now()
    const owner: unknown[] = []
    const answers = await doAtOnce(attempts, atOnce, async (index) => {
      // The known device, then another one of the owner, from another address.
      if (index % 1_000 === 500) owner.push(await ownersLogin(strangersAddress, deviceToken))
      if (index % 1_000 === 700) owner.push(await ownersLogin(ownersAddress))
      return loginFrom(turn(index), { email: account.email, address: strangersAddress })
    })
    const seconds = (performance.now() - startedAt) / 1_000
    expect(new Set(owner.map(String))).toEqual(new Set(['200,true']))
    const statuses = tally(answers.map(({ status }) => status))
    expect(Object.keys(statuses)).toEqual(['404', '429'])
    checked = statuses['404'] ?? 0
    expect(checked + (statuses['429'] ?? 0)).toBe(attempts)
    // Ten without a delay. The delay before the next n is 2^n - 1 s at least, and n s more at most.
    const delayed = checked - 10
    expect(2 ** delayed - 1).toBeLessThanOrEqual(seconds)
    expect(2 ** (delayed + 1) + delayed + slackSeconds).toBeGreaterThan(seconds)
    expect(await countOf(limited.database, account.email, strangersAddress)).toBe(checked)
    expect(await countOf(limited.database, account.email)).toBe(checked)
    for (const wait of waitsOf(answers)) expect(wait).toBeLessThanOrEqual(2 ** delayed + 1)
  })

  it('is refused with the right password, too, while no attempt is let through', async () => {
    await waitForDelay()
    const right = await loginFrom(turn(0), { ...account, address: strangersAddress })
    expect([right.status, right.body.code]).toEqual([429, 'too_many_requests'])
  })

  it('from 100 addresses closes the account to unknown devices only', async () => {
    const answers = await doAtOnce(1_000, atOnce, (index) =>
      loginFrom(turn(index), { email: account.email, address: `192.0.2.${index % 100}` }),
    )
    const statuses = tally(answers.map(({ status }) => status))
    expect(statuses).toEqual({ 404: 100 - checked, 429: 900 + checked })
    expect(await countOf(limited.database, account.email)).toBe(100)
    expect(await ownersLogin(ownersAddress, deviceToken)).toEqual([200, true])
    const unknown = await loginFrom(turn(1), { ...account, address: '203.0.113.2' })
    expect(unknown.status).toBe(429)
    const [wait = 0] = waitsOf([unknown])
    expect(wait).toBeGreaterThan(daySeconds - 120)
    expect(wait).toBeLessThanOrEqual(daySeconds + 1)
    // The right password of an unknown device was not counted, and changes nothing for the known.
    expect(await countOf(limited.database, account.email)).toBe(100)
    expect(await ownersLogin('203.0.113.3', deviceToken)).toEqual([200, true])
  })
})

function waitsOf(answers: readonly Answer[]): number[] {
  const refused = answers.filter(({ status }) => status === 429)
  return refused.map(({ headers }) => Number(headers.get('Retry-After')))
}
