// The service under many clients that follow its feed. Some of them vanish, or read nothing.

import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage, type RequestOptions } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDatabaseFile } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { loaded } from '../support/outage.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { watch } from '../support/watch.ts'

/** The most streams of an isolate. */
const maxStreams = 1_000
const nonce = 'AAAAAAAAAAAAAAAA'
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY })

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

/** Followers of the current test. */
const open: Follower[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.leave()
})

interface Follower {
  /** Whether it got a stream, and not an ordinary answer. */
  readonly isStream: boolean
  readonly status: number
  readonly answer: IncomingMessage
  /** Destroys the socket. */
  leave(): void
}

/** Follows the feed from its end on, or from a place. It reads nothing until it is told to. */
function follow(
  baseUrl = stage.service.issuer,
  options: RequestOptions = {},
  after?: number,
): Promise<Follower> {
  const { promise, resolve, reject } = Promise.withResolvers<Follower>()
  const place = after === undefined ? '' : `&after=${after}`
  const segment = Math.floor(((after ?? -1) + 1) / 1_000)
  const url = `${baseUrl}/auth/feed/since/${segment}?nonce=${nonce}&follow=20&beat_ms=3000${place}`
  const question = get(url, { agent, ...options }, (answer) => {
    answer.on('error', () => {})
    const isStream =
      answer.headers['x-accel-buffering'] === 'no' && !answer.headers['content-length']
    const leave = () => void question.destroy()
    const one = { isStream, status: answer.statusCode ?? 0, answer, leave }
    open.push(one)
    resolve(one)
  })
  question.on('error', reject)
  return promise
}

/** The text of its first chunk. */
const firstFrameOf = ({ answer }: Follower) =>
  new Promise<string>((resolve) => answer.once('data', (chunk) => resolve(String(chunk))))

const isFrame = (text: string) => /^{[^\n]*"held_ms":\d+}\n[^\n]*\n/.test(text)

async function followMany(count: number): Promise<Follower[]> {
  const all: Follower[] = []
  for (let begun = 0; begun < count; begun += 250) {
    const some = Array.from({ length: Math.min(250, count - begun) }, () => follow())
    all.push(...(await Promise.all(some)))
  }
  return all
}

/** The memory of a process, in MB. */
function memoryOf({ process }: Server): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024
}

/** Whether a new client gets a stream, and the first frame of it. */
async function canFollow(): Promise<boolean> {
  const one = await follow()
  const text = await firstFrameOf(one)
  one.leave()
  return isFrame(text)
}

describe('the service under a crowd of followers', () => {
  it('gives the client after the thousandth an ordinary answer, and its guard goes on with pulls', async () => {
    const followers = await followMany(maxStreams)
    expect(followers.filter(({ isStream }) => isStream)).toHaveLength(maxStreams)
    // Those who read get one frame after the other, and do not lose their places.
    for (const { answer } of followers) answer.resume()
    expect(await canFollow()).toBe(false)
    const guard = await stage.startGuard()
    const [live, dying] = [await stage.mint(guard.issuer), await stage.mint(guard.issuer)]
    await loaded(guard, live)
    const liveWatch = watch(() => guard.ask(live))
    await until(() => guard.proxy.times(/follow=/).length > 0)
    await stage.revoke(dying)
    await until(async () => (await guard.ask(dying)).status === 401)
    await liveWatch.stop()
    expect(guard.proxy.times(/follow=/)).toHaveLength(1)
    expect(guard.server.log()).toEqual([])
  })

  it('forgets 3,000 followers that vanish, and keeps nothing of them', async () => {
    const memories: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const followers = await followMany(maxStreams)
      for (const one of followers) one.leave()
      const leftAtMs = performance.now()
      await until(canFollow)
      expect(performance.now() - leftAtMs).toBeLessThan(8_000)
      memories.push(memoryOf(stage.service.server))
    }
    // The first rounds make room, which the process keeps.
    const [, second = 0, last = 0] = memories
    expect(last).toBeLessThan(1.2 * second)
  })
})

describe('a question that needs no answer', () => {
  it.each([
    ['of HEAD', { method: 'HEAD' }],
    ['with If-None-Match', { headers: { 'If-None-Match': `"${nonce}"` } }],
  ])('%s leaves no stream behind', async (_, options) => {
    for (let asked = 0; asked < maxStreams; asked += 100) {
      const some = Array.from({ length: 100 }, () => follow(undefined, options))
      for (const one of await Promise.all(some)) {
        expect([200, 304]).toContain(one.status)
        one.answer.resume()
      }
    }
    expect(await canFollow()).toBe(true)
  })
})

// The last one, because it advances the feed by far.
describe('clients that do not read', () => {
  it('cost the service no more memory than those that do', async () => {
    await until(canFollow)
    const reading = await Promise.all(Array.from({ length: 100 }, () => follow()))
    for (const { answer } of reading) answer.resume()
    await makeNews()
    const before = memoryOf(stage.service.server)
    for (const one of reading) one.leave()
    await Promise.all(Array.from({ length: 100 }, () => follow()))
    await makeNews()
    expect(memoryOf(stage.service.server)).toBeLessThan(1.2 * before)
  })
})

describe('the service on Deno', () => {
  it('ends its streams at once when it is told to end', async () => {
    const database = await createDatabaseFile()
    const server = await serveOnDeno({ ...testSettings, TURSO_DATABASE_URL: database.url })
    const followers = await Promise.all(Array.from({ length: 20 }, () => follow(server.baseUrl)))
    await Promise.all(followers.map(firstFrameOf))
    for (const { answer } of followers) answer.resume()
    const toldAtMs = performance.now()
    server.process.kill('SIGTERM')
    await until(() => server.process.exitCode === 0)
    expect(performance.now() - toldAtMs).toBeLessThan(5_000)
    expect(server.log()).toContainEqual({ event: 'stopped', isComplete: true })
    await database.stop()
  })
})

/** One frame of 44 KB for each follower, thirty times. */
async function makeNews(): Promise<void> {
  for (let times = 0; times < 30; times += 1) {
    await revokeMany(1_900)
    // A logout in its own isolate is told to all at once.
    await stage.service.client.logout(await stage.service.client.token())
  }
}

/** Inserts revocations of unused ids, by SQL. */
function revokeMany(count: number) {
  return stage.service.database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO portcullis_revoked_tokens (id, revoked_at, expires_at)
    SELECT substr(lower(hex(randomblob(8))), 1, 16), unixepoch(), unixepoch() + 900 FROM n`,
    count,
  )
}
