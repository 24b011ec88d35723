// What a gate does while its source fails, hangs, or has more ids than fit.

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createGate, revocableToken } from '../../../src/guard/revocation/gate.ts'
import { RevocationLoader } from '../../../src/guard/revocation/loader.ts'
import { wordsOf } from '../../../src/guard/revocation/revoked-ids.ts'
import { renderRow } from '../../../src/token/feed-format.ts'
import type { RevocationSource } from '../../../src/token/revocation-source.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const log = vi.spyOn(console, 'error').mockImplementation(() => {})
const lines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)))

const idOf = (number: number) => `id${String(number).padStart(14, '0')}`
const token = revocableToken([idOf(0)])
const revoked = revocableToken([idOf(1)])

let time: VirtualTime
let asked: string[]
/** How many ids there are, from 1 on. */
let head: number
let databaseAheadMs: number
let fate: 'answers' | 'fails' | 'hangs'

beforeEach(() => {
  log.mockClear()
  time = new VirtualTime()
  time.wallAheadMs = 1_800_000_000_000
  asked = []
  head = 3
  databaseAheadMs = 0
  fate = 'answers'
  source = createSource()
})

/** Tests may replace its functions. */
let source: RevocationSource

const createSource = (): RevocationSource => ({
  async pull(after) {
    asked.push('pull')
    if (fate === 'hangs') await time.delay(3_000)
    if (fate !== 'answers') return { ok: false, error: 'The source is away.' }
    const expiresAt = time.runtime.now() + 900
    const rows = Array.from({ length: head - after }, (_, index) =>
      renderRow(idOf(after + 1 + index), expiresAt),
    )
    const nowMs = time.runtime.nowMs() + databaseAheadMs
    const page = { epoch: 'e', nowMs, first: 1, head, from: after + 1, through: head, rows }
    return { ok: true, value: { ...page, ageMs: 0 } }
  },
  async check(ids) {
    asked.push('check')
    if (fate !== 'answers') return { ok: false, error: 'The source is away.' }
    const isRevoked = ids.some((id) => id !== idOf(0) && Number(id.slice(2)) <= head)
    return { ok: true, value: { isRevoked, nowMs: time.runtime.nowMs() + databaseAheadMs } }
  },
})

function createBounded(most?: number) {
  const loader = new RevocationLoader('https://auth.example.com', time.runtime, most)
  const policy = { maxStalenessSeconds: 10, acceptStaleSeconds: 0 }
  const gate = createGate(policy, { loader, sourceOf: () => source })
  const ask = async (asking = token) => {
    const admitted = await gate.admit(asking, {})
    return admitted.ok ? 'let in' : admitted.error
  }
  const questions = () => asked.splice(0)
  return { gate, loader, ask, questions }
}

/** A gate that has loaded everything. */
async function createWarm() {
  const warm = createBounded()
  await warm.ask()
  await time.advance(0)
  warm.questions()
  return warm
}

describe('a strict gate', () => {
  it('checks every token, and writes one line for all failures within 5 s', async () => {
    const loader = new RevocationLoader('https://auth.example.com', time.runtime)
    const gate = createGate('strict', { loader, sourceOf: () => source })
    fate = 'fails'
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => gate.admit(token, {})))
    expect(new Set(outcomes.map(({ ok }) => ok))).toEqual(new Set([false]))
    expect([asked.length, lines().length]).toEqual([50, 1])
    expect(gate.problem()).toBe('The source is away.')
    fate = 'answers'
    expect((await gate.admit(token, {})).ok).toBe(true)
    fate = 'fails'
    await gate.admit(token, {})
    await gate.admit(token, {})
    expect(lines()).toHaveLength(1)
    await time.advance(5_000)
    await gate.admit(token, {})
    expect(lines()).toHaveLength(2)
  })
})

describe('a strict gate next to one with a bound', () => {
  it("does not use the other gate's knowledge that a token is live", async () => {
    const { loader, gate: bounded } = await createWarm()
    const gate = createGate('strict', { loader, sourceOf: () => source })
    expect([bounded.isKnownLive(token, {}), gate.isKnownLive(token, {})]).toEqual([true, false])
  })

  it('sends no check for a token that is known to be revoked', async () => {
    const { loader, questions } = await createWarm()
    const gate = createGate('strict', { loader, sourceOf: () => source })
    expect(await gate.admit(revoked, {})).toEqual({ ok: false, error: 'token_revoked' })
    expect(questions()).toEqual([])
  })
})

describe('what a check has told', () => {
  /** A database that is ahead of the snapshot that is read during the check. */
  function setUpBehind(options: { tells?: boolean } = {}) {
    const world = createBounded()
    const strict = createGate('strict', { loader: world.loader, sourceOf: () => source })
    const askStrictly = async (asking: typeof token) => (await strict.admit(asking, {})).ok
    source.check = async (ids) => {
      asked.push('check')
      const nowMs = time.runtime.nowMs()
      const revoked = ids.filter((id) => id === idOf(7))
      const isRevoked = revoked.length > 0
      return { ok: true, value: { isRevoked, nowMs, ...(options.tells !== false && { revoked }) } }
    }
    return { ...world, askStrictly }
  }

  it.each([true, false])(
    'is not forgotten when an older snapshot is loaded (the source tells which: %j)',
    async (tells) => {
      const { gate, ask, loader } = setUpBehind({ tells })
      const late = revocableToken([idOf(7), idOf(0)])
      expect(await ask(late)).toBe('token_revoked')
      await time.advance(0)
      expect([loader.view.isLoaded(), loader.view.size]).toEqual([true, 4])
      expect([gate.isKnownLive(late, {}), await ask(late)]).toEqual([false, 'token_revoked'])
      expect(await ask()).toBe('let in')
    },
  )

  it('holds for every token with the id, whichever gate has asked', async () => {
    const { ask, askStrictly, questions } = setUpBehind()
    await ask()
    expect(await ask(revocableToken([idOf(8), idOf(7)]))).toBe('let in')
    expect(await askStrictly(revocableToken([idOf(9), idOf(7)]))).toBe(false)
    questions()
    expect(await ask(revocableToken([idOf(8), idOf(7)]))).toBe('token_revoked')
    expect(await ask(revocableToken([idOf(9)]))).toBe('let in')
    expect(questions()).toEqual([])
  })

  it('is kept for the longest lifetime of a token, over another history', async () => {
    const { ask, loader, questions } = setUpBehind()
    const late = revocableToken([idOf(7)])
    expect(await ask(late)).toBe('token_revoked')
    await time.advance(86_400_000)
    expect(await ask()).toBe('let in')
    const rows = Array.from({ length: 9 }, (_, index) => renderRow(idOf(20 + index), 1_800_090_000))
    const nowMs = time.runtime.nowMs()
    const page = { nowMs, first: 1, head: 9, from: 1, through: 9, rows, ageMs: 0 }
    loader.view.apply({ ...page, epoch: 'f' }, loader.view.readClocks())
    questions()
    expect([await ask(late), questions()]).toEqual(['token_revoked', []])
  })

  it('is forgotten once no token can carry the id', async () => {
    const { ask, loader } = setUpBehind()
    await ask(revocableToken([idOf(7)]))
    await time.advance(86_400_000 + 400_000)
    await ask()
    expect(loader.view.isRevoked(wordsOf([idOf(7)]))).toBe(false)
  })

  it('is also known when the answer comes after the deadline of its request', async () => {
    const { gate, ask, questions } = createBounded()
    source.check = async () => {
      await time.delay(4_000)
      return { ok: true, value: { isRevoked: true, nowMs: time.runtime.nowMs() } }
    }
    source.pull = () => time.delay(60_000).then(() => ({ ok: false, error: 'Away.' }))
    const kept: Promise<unknown>[] = []
    const waitUntil = (work: Promise<unknown>) => void kept.push(work)
    const late = gate.admit(token, { deadlineMs: 3_000, waitUntil })
    await time.advance(3_000)
    expect(await late).toEqual({ ok: false, error: 'revocations_unavailable' })
    expect(lines()).toEqual([])
    await time.advance(1_000)
    questions()
    expect([await ask(), questions()]).toEqual(['token_revoked', []])
    // The load and the check both outlive their request.
    expect(kept).toHaveLength(2)
  })

  it('is forgotten when no token can carry it any more, also by a guard that never loads', async () => {
    const loader = new RevocationLoader('https://auth.example.com', time.runtime)
    const gate = createGate('strict', { loader, sourceOf: () => source })
    source.check = async () => ({
      ok: true,
      value: { isRevoked: true, nowMs: time.runtime.nowMs() },
    })
    for (let id = 0; id < 1_000; id += 1) await gate.admit(revocableToken([idOf(id)]), {})
    expect(loader.view.size).toBe(1_000)
    await time.advance(90_000_000)
    for (let id = 0; id < 100; id += 1) await gate.admit(revocableToken([idOf(id + 5_000)]), {})
    expect(loader.view.size).toBeLessThan(200)
  })

  it('is limited: a view at twice its capacity learns no more', async () => {
    const loader = new RevocationLoader('https://auth.example.com', time.runtime, 10)
    const gate = createGate('strict', { loader, sourceOf: () => source })
    head = 1_000
    for (let id = 1; id < 50; id += 1) {
      expect((await gate.admit(revocableToken([idOf(id)]), {})).ok).toBe(false)
    }
    expect(loader.view.size).toBe(21)
  })

  it('holds in a view that has no room for all ids', async () => {
    head = 11
    const { ask, questions } = createBounded(10)
    await ask()
    await time.advance(0)
    head = 12
    const late = revocableToken([idOf(12)])
    expect(await ask(late)).toBe('token_revoked')
    questions()
    expect([await ask(late), questions()]).toEqual(['token_revoked', []])
  })
})

describe('a gate with a bound', () => {
  it('sends no check for a token that is known to be revoked, however old that knowledge is', async () => {
    const { ask, questions } = await createWarm()
    await time.advance(3_600_000)
    expect(await ask(revoked)).toBe('token_revoked')
    expect(questions()).toEqual([])
  })

  it('gives the result of a load to all requests that wait for it', async () => {
    const { ask, questions } = await createWarm()
    await time.advance(10_000)
    fate = 'hangs'
    const asking = [ask(), ask(), ask()]
    await time.advance(100)
    expect(questions()).toEqual(['pull'])
    fate = 'answers'
    await time.advance(3_000)
    expect(await Promise.all(asking)).toEqual(['let in', 'let in', 'let in'])
    expect(questions()).toEqual([])
  })

  it('lets only one request wait for a source that failed before', async () => {
    const { ask, questions } = await createWarm()
    await time.advance(10_000)
    fate = 'fails'
    expect(await ask()).toBe('revocations_unavailable')
    fate = 'hangs'
    await time.advance(500)
    questions()
    const first = ask()
    const startedAtMs = time.nowMs
    expect(await ask()).toBe('revocations_unavailable')
    expect([time.nowMs, questions()]).toEqual([startedAtMs, ['pull']])
    await time.advance(3_000)
    expect(await first).toBe('revocations_unavailable')
  })

  it('asks nothing for a while after a failed cold start', async () => {
    const { ask, questions } = createBounded()
    fate = 'fails'
    expect(await ask()).toBe('revocations_unavailable')
    expect(questions().sort()).toEqual(['check', 'pull'])
    expect(await ask()).toBe('revocations_unavailable')
    expect(questions()).toEqual([])
    fate = 'answers'
    await time.advance(500)
    expect(await ask()).toBe('let in')
  })

  it('pauses for half a second after many simultaneous failures', async () => {
    const { ask } = createBounded()
    fate = 'fails'
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask()))
    expect(new Set(outcomes)).toEqual(new Set(['revocations_unavailable']))
    fate = 'answers'
    await time.advance(500)
    expect(await ask()).toBe('let in')
  })

  it('checks the tokens of a cold start, however the feed fails', async () => {
    const { ask, questions } = createBounded()
    source.pull = async () => ({ ok: false, error: 'The feed is away.' })
    expect([await ask(), await ask(), await ask(revoked)]).toEqual([
      'let in',
      'let in',
      'token_revoked',
    ])
    expect(questions()).toEqual(['check', 'check', 'check'])
  })

  it('lets a request in by the loaded feed where only the check of a cold start failed', async () => {
    const { gate, ask } = createBounded()
    source.check = async () => {
      await time.delay(50)
      return { ok: false, error: 'The check is away.' }
    }
    const asking = [ask(), ask(revoked)]
    await time.advance(100)
    expect(await Promise.all(asking)).toEqual(['let in', 'token_revoked'])
    expect(lines()[0]).toMatchObject({ event: 'revocation_check_failed' })
    expect(gate.isKnownLive(token, {})).toBe(true)
  })

  it('refuses the answer of a check whose clock is far off', async () => {
    const { ask } = createBounded()
    source.pull = async () => ({ ok: false, error: 'The source is away.' })
    source.check = async () => {
      const nowMs = time.runtime.nowMs() - 300_000
      return { ok: true, value: { isRevoked: false, nowMs } }
    }
    expect(await ask()).toBe('revocations_unavailable')
    expect(lines().at(-1)?.problem).toMatch(/300 s apart/)
  })

  it('checks every token while there are more ids than fit, logs it, and loads again later', async () => {
    head = 11
    const { ask, questions } = createBounded(10)
    expect(await ask()).toBe('let in')
    await time.advance(0)
    expect(questions().sort()).toEqual(['check', 'pull'])
    expect(lines()).toMatchObject([{ event: 'revocation_view_full' }])
    expect(await ask()).toBe('let in')
    expect(await ask(revocableToken([idOf(11)]))).toBe('token_revoked')
    head = 12
    expect(await ask(revocableToken([idOf(12)]))).toBe('token_revoked')
    await time.advance(299_000)
    questions()
    expect(await ask()).toBe('let in')
    expect(questions()).toEqual(['check'])
    await time.advance(1_000)
    expect(await ask()).toBe('let in')
    expect(questions().sort()).toEqual(['check', 'pull'])
    expect(lines()).toHaveLength(2)
  })

  it('waits a little for an isolate of the service that is not up to date', async () => {
    const { gate, ask } = createBounded()
    const { pull } = source
    const behind = async () => {
      const nowMs = time.runtime.nowMs()
      const page = { epoch: 'e', nowMs, first: 1, head: 3, from: 0, through: 3, rows: [] }
      return { ok: true as const, value: { ...page, ageMs: Number.POSITIVE_INFINITY } }
    }
    source.pull = behind
    expect(await ask()).toBe('let in')
    await time.advance(900)
    source.pull = pull
    await time.advance(200)
    expect([gate.isKnownLive(token, {}), lines()]).toEqual([true, []])
  })

  it('lets nobody in while its clock is an hour behind, and recovers once it is right', async () => {
    const { ask } = await createWarm()
    time.wallAheadMs -= 3_600_000
    databaseAheadMs += 3_600_000
    expect(await ask()).toBe('revocations_unavailable')
    expect(lines()[0]?.problem).toMatch(/3600 s apart, more than 240/)
    expect(await ask(revoked)).toBe('token_revoked')
    time.wallAheadMs += 3_600_000
    databaseAheadMs -= 3_600_000
    await time.advance(500)
    expect(await ask()).toBe('let in')
    expect(await ask(revoked)).toBe('token_revoked')
  })

  it.each([300_000, -300_000])(
    'lets nobody in where the clocks are %i ms apart, cold or warm',
    async (apartMs) => {
      const warm = await createWarm()
      databaseAheadMs = apartMs
      expect(await createBounded().ask()).toBe('revocations_unavailable')
      await time.advance(10_000)
      expect(await warm.ask()).toBe('revocations_unavailable')
      expect(lines().at(-1)?.problem).toMatch(/300 s apart/)
    },
  )

  it('gives up on a feed whose pages lead nowhere', async () => {
    const { ask, questions } = await createWarm()
    await time.advance(10_000)
    source.pull = async () => {
      asked.push('pull')
      const nowMs = time.runtime.nowMs()
      const page = { epoch: 'e', nowMs, first: 1, head: 9, from: 1, through: 3, rows: [] }
      return { ok: true, value: { ...page, ageMs: 0 } }
    }
    const asking = ask()
    await time.advance(1_400)
    expect(await asking).toBe('revocations_unavailable')
    expect(questions()).toHaveLength(5)
    expect(lines()[0]?.problem).toMatch(/makes no progress/)
  })

  it('loads again after a load whose request was cancelled, once its time is over', async () => {
    const { ask, questions } = await createWarm()
    await time.advance(10_000)
    const { pull } = source
    source.pull = () => new Promise(() => {})
    void ask()
    source.pull = pull
    const asking = ask()
    await time.advance(3_900)
    expect(questions()).toEqual([])
    await time.advance(200)
    expect(await asking).toBe('let in')
  })
})
