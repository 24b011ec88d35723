// Many logins at once over two processes, each from an address of its own. The rows must count what
// was answered, also when the database is killed meanwhile.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { createClientOf, freshEmail } from '../support/client.ts'
import {
  countOf,
  doAtOnce,
  type LimitedServers,
  loginFrom,
  startLimitedServers,
  tally,
} from '../support/limited-servers.ts'
import { type Storm, type StormClient, startStorm } from '../support/login-storm.ts'
import { until } from '../support/server.ts'

const maxAttempts = 100
const freeAttempts = 10

let limited: LimitedServers
let revived: Sqld | undefined
const turn = (index: number) => limited.servers[index % 2 === 0 ? 0 : 1]

async function stop() {
  await revived?.stop()
  await limited?.stop()
}

describe.each(['an account', 'an email without an account'])('wrong logins for %s', (whose) => {
  beforeAll(async () => {
    limited = await startLimitedServers(inject('bundle'))
  })
  afterAll(stop)

  it('are checked exactly as often as the limits allow, from 64 connections', async () => {
    const email = freshEmail()
    if (whose === 'an account') {
      const account = { email, password: 'a good password' }
      const registered = await createClientOf(limited.servers[0].baseUrl).register(account)
      expect(registered.status).toBe(201)
    }
    const addresses = Array.from({ length: 12 }, (_, host) => `198.51.100.${host}`)
    const addressOf = (index: number) => addresses[Math.floor(index / 2) % addresses.length] ?? ''
    const checkedFrom: string[] = []
    const storm = (times: number, from: (index: number) => string) =>
      doAtOnce(times, 64, async (index) => {
        const { status } = await loginFrom(turn(index), { email, address: from(index) })
        if (status === 404) checkedFrom.push(from(index))
        return status
      })

    const statuses = await storm(2_000, addressOf)
    // 12 addresses have 120 attempts without a delay: more than the account has from everywhere.
    expect(tally(statuses)).toEqual({ 404: maxAttempts, 429: 2_000 - maxAttempts })
    const fresh = await storm(200, (index) => `203.0.113.${index}`)
    expect(tally(fresh)).toEqual({ 429: 200 })

    expect(await countOf(limited.database, email)).toBe(maxAttempts)
    const checked = tally(checkedFrom)
    for (const address of addresses) {
      const count = checked[address] ?? 0
      expect(await countOf(limited.database, email, address), address).toBe(count)
      // The delays are 1 s, 2 s, 4 s: a storm of seconds passes few of them.
      expect(count).toBeLessThanOrEqual(freeAttempts + 5)
    }
    const rows = await limited.database.query('SELECT count(*) AS rows FROM portcullis_attempts')
    // The account, and those addresses from which an attempt was counted.
    expect(rows).toEqual([{ rows: 1 + Object.keys(checked).length }])
  })
})

describe('when the database is killed in a storm of wrong and right logins', () => {
  const strangersPerAccount = 3
  const ownersPerAccount = 4
  const kills = 2

  interface Account {
    readonly email: string
    readonly password: string
    /** The owner's. */
    readonly address: string
  }
  let wrong: readonly Account[]
  let right: readonly Account[]
  let both: readonly Account[]
  let storm: Storm

  const owners = ({ email, password, address }: Account): StormClient => ({
    ...{ who: 'owner', email, clients: ownersPerAccount, pauseMs: 0 },
    next: () => ({ email, password, address }),
  })

  let strangers = 0
  /** From another address each time. Slow, because the account is closed after 100 of them. */
  const strangersOf = ({ email }: Account): StormClient => ({
    ...{ who: 'stranger', email, clients: strangersPerAccount, pauseMs: 300 },
    next() {
      strangers += 1
      return { email, address: `198.18.${(strangers >> 8) & 255}.${strangers & 255}` }
    },
  })

  const untilBusySince = (since: number) =>
    until(() => storm.heard('stranger 404', since) > 100 && storm.heard('owner 200', since) > 100)

  beforeAll(async () => {
    limited = await startLimitedServers(inject('bundle'))
    const client = createClientOf(limited.servers[0].baseUrl)
    const accounts = await doAtOnce(24, 4, async (place) => {
      const account = { email: freshEmail(), password: 'a good password' }
      // The first four emails have no account.
      if (place >= 4) expect((await client.register(account)).status).toBe(201)
      return { ...account, address: `203.0.113.${place}` }
    })
    const byPlace = accounts.sort((one, other) => placeOf(one) - placeOf(other))
    wrong = byPlace.slice(0, 8)
    right = byPlace.slice(8, 16)
    both = byPlace.slice(16)
    let logins = 0
    const crowd = [...[...wrong, ...both].map(strangersOf), ...[...right, ...both].map(owners)]
    storm = startStorm(crowd, async (login) => {
      logins += 1
      return (await loginFrom(turn(logins), login)).status
    })
    await untilBusySince(0)
    let sqld: Sqld = limited.database.sqld
    for (let killed = 0; killed < kills; killed += 1) {
      sqld = await killAndRestart(sqld)
      await untilBusySince(storm.answers())
    }
    await storm.stop()
  })
  afterAll(stop)

  async function killAndRestart(sqld: Sqld): Promise<Sqld> {
    const since = storm.answers()
    sqld.process.kill('SIGKILL')
    await until(() => storm.heard('owner 503', since) > 0 && storm.heard('stranger 503', since) > 0)
    const { url, directory } = limited.database
    revived = await startSqld({ port: Number(new URL(url).port), directory })
    return revived
  }

  it('nobody is blocked: not the owners, nor strangers who have attempts left', () => {
    const kinds = ['owner 200', 'owner 503', 'stranger 404', 'stranger 503']
    expect(storm.kinds()).toEqual(kinds)
  })

  it('every wrong password that was answered is counted, and no more than were under way', async () => {
    for (const { email } of wrong) {
      const uncertain = (await countOf(limited.database, email)) - storm.checked(email)
      expect(uncertain).toBeGreaterThanOrEqual(0)
      expect(uncertain).toBeLessThanOrEqual(kills * strangersPerAccount)
    }
  })

  it('right logins of the same account change the count only where they were under way', async () => {
    for (const { email } of both) {
      const difference = (await countOf(limited.database, email)) - storm.checked(email)
      const underWay = kills * (strangersPerAccount + ownersPerAccount)
      expect(Math.abs(difference)).toBeLessThanOrEqual(underWay)
    }
  })

  it('who only logged in rightly is hardly counted, and logs in at once', async () => {
    const underWay = kills * ownersPerAccount
    for (const account of right) {
      const { email, address } = account
      expect(await countOf(limited.database, email)).toBeLessThanOrEqual(underWay)
      expect(await countOf(limited.database, email, address)).toBeLessThanOrEqual(underWay)
      expect((await loginFrom(turn(0), account)).status).toBe(200)
      expect(await countOf(limited.database, email, address)).toBe(0)
      const elsewhere = { ...account, address: '192.0.2.77' }
      expect((await loginFrom(turn(1), elsewhere)).status).toBe(200)
    }
  })
})

function placeOf({ address }: { readonly address: string }): number {
  return Number(address.split('.').at(-1))
}
