import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type BreachCheck,
  createBreachCheck,
} from '../../../../src/service/domain/identity/breach-check.ts'
import { HashQueue } from '../../../../src/service/domain/identity/hash-queue.ts'
import { type BreachApi, listedPassword, startBreachApi } from '../../../support/breach-api.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'

let api: BreachApi
let nowMs = 0
let lines: string[]
let breaches: BreachCheck
const runtime = { elapsedMs: () => nowMs }
beforeAll(async () => {
  api = await startBreachApi()
})
afterAll(() => api?.stop())
beforeEach(() => {
  nowMs = 1_000_000
  lines = []
  api.asked.length = 0
  breaches = createBreachCheck(api.url, { runtime, log: (line) => lines.push(line) })
})
const logged = (reason: string) => JSON.stringify({ event: 'breach_check_failed', reason })

describe('the breach check', () => {
  it('sends five hex digits of the hash, and asks for padding', async () => {
    api.answerWith('miss')
    await breaches.isBreached('pässwörd 🦊')
    const hash = createHash('sha1').update('pässwörd 🦊').digest('hex').toUpperCase()
    expect(api.asked).toEqual([
      {
        path: `/range/${hash.slice(0, 5)}`,
        headers: expect.objectContaining({ 'add-padding': 'true', 'user-agent': 'portcullis' }),
      },
    ])
    expect(JSON.stringify(api.asked)).not.toContain(hash.slice(5, 12))
  })

  it.each(['hit', 'lowerCaseHit'] as const)('finds a password of a breach: %s', async (how) => {
    api.answerWith(how)
    expect([await breaches.isBreached(listedPassword), lines]).toEqual([true, []])
    expect([await breaches.isBreached('a good password'), lines]).toEqual([false, []])
  })

  it.each(['miss', 'padding'] as const)('lets others pass without a line: %s', async (how) => {
    api.answerWith(how)
    expect([await breaches.isBreached(listedPassword), lines]).toEqual([false, []])
  })

  it.each([
    ['slow', 'timeout'],
    ['slowBody', 'timeout'],
    ['cut', 'connection'],
    ['cutChunks', 'connection'],
    ['error', 'status'],
    ['busy', 'status'],
    ['redirect', 'status'],
    ['html', 'format'],
    ['empty', 'format'],
    ['huge', 'size'],
  ] as const)('lets all pass when the answer is %s, and logs %s', async (how, reason) => {
    api.answerWith(how)
    const beganAt = performance.now()
    expect(await breaches.isBreached(listedPassword)).toBe(false)
    expect(performance.now() - beganAt).toBeLessThan(1_500)
    expect(lines).toEqual([logged(reason)])
    expect(api.asked).toHaveLength(1)
  })

  it('lets all pass when nothing listens', async () => {
    const gone = await startBreachApi()
    await gone.stop()
    const check = createBreachCheck(gone.url, { runtime, log: (line) => lines.push(line) })
    expect(await check.isBreached(listedPassword)).toBe(false)
    expect(lines).toEqual([logged('connection')])
  })

  it('logs at most once in 5 seconds, also after the clock was set back', async () => {
    api.answerWith('error')
    const failAt = async (ms: number) => {
      nowMs = ms
      await breaches.isBreached('x')
      return lines.length
    }
    expect(await failAt(10_000)).toBe(1)
    expect(await failAt(14_999)).toBe(1)
    expect(await failAt(15_000)).toBe(2)
    expect(await failAt(9_000)).toBe(3)
    expect(await failAt(9_001)).toBe(3)
  })

  it('has five questions open at most, and lets other passwords pass at once', async () => {
    api.answerWith('slow')
    const answered: number[] = []
    const answers = Array.from({ length: 12 }, async (_, number) => {
      expect(await breaches.isBreached(`password ${number}`)).toBe(false)
      answered.push(number)
    })
    await vi.waitFor(() => expect(answered).toHaveLength(7))
    expect(lines).toEqual([logged('crowd')])
    await Promise.all(answers)
    expect(api.asked).toHaveLength(5)
  })

  it('asks again when questions have ended, also those of clients that hung up', async () => {
    api.answerWith('hit')
    for (let times = 0; times < 6; times += 1) {
      expect(await breaches.isBreached(listedPassword)).toBe(true)
    }
    api.answerWith('slow')
    const left = Array.from({ length: 5 }, () => breaches.isBreached(listedPassword))
    await vi.waitFor(() => expect(api.asked).toHaveLength(11))
    api.answerWith('hit')
    nowMs += 999
    expect(await breaches.isBreached(listedPassword)).toBe(false)
    // On Workers, what would end the question of a client that hung up never runs.
    nowMs += 1
    expect(await breaches.isBreached(listedPassword)).toBe(true)
    await Promise.all(left)
  })

  it('leaves room in the queue for a login while registrations ask a slow API', async () => {
    api.answerWith('slow')
    const queue = new HashQueue(10, new VirtualTime().runtime)
    const registrations = Array.from({ length: 12 }, async (_, number) => {
      const turn = queue.join(() => false)
      if (!turn.ok) return
      await turn.value.keepDuring(breaches.isBreached(`password ${number}`))
      turn.value.leave()
    })
    await vi.waitFor(() => expect(api.asked).toHaveLength(5))
    await vi.waitFor(() => expect(queue.join(() => false).ok).toBe(true))
    await Promise.all(registrations)
  })

  it('asks nobody when it is off', async () => {
    const off = createBreachCheck(undefined, { runtime, log: (line) => lines.push(line) })
    expect(await off.isBreached(listedPassword)).toBe(false)
    expect([api.asked, lines]).toEqual([[], []])
  })
})
