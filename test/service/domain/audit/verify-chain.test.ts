// What a verification finds, over values alone. test/scripts/audit.long.test.ts does the same with
// the command over a real database.

import { describe, expect, it } from 'vitest'
import type { ChainPart } from '../../../../src/service/domain/audit/read-chain.ts'
import { deriveSealKey, type SealKey } from '../../../../src/service/domain/audit/seal-key.ts'
import { sealText } from '../../../../src/service/domain/audit/seal-text.ts'
import {
  type ChainHead,
  type ChainProblem,
  ChainVerifier,
} from '../../../../src/service/domain/audit/verify-chain.ts'
import type { AuditEvent, AuditSeal } from '../../../../src/service/store/audit-seals.ts'
import { sealSecret, testSealKey } from '../../../support/audit.ts'

type SealedPart = Required<ChainPart>

const key = await testSealKey()

function eventAt(seq: number): AuditEvent {
  return {
    ...{ seq, at: 1_793_000_000 + seq, event: 'login', outcome: 'success', actor: 'user' },
    ...{ userId: 7, sessionId: 's'.repeat(16), requestId: 'r', attemptSeq: seq - 1, target: 't' },
  }
}

/** A chain of seals over `size` events each. */
async function chainOf(keys: readonly SealKey[], size = 3): Promise<SealedPart[]> {
  const parts: SealedPart[] = []
  for (const [at, sealKey] of keys.entries()) {
    const events = Array.from({ length: size }, (_, place) => eventAt(at * size + place + 1))
    const range = { firstSeq: at * size + 1, lastSeq: (at + 1) * size, events: size }
    const seal = { number: at + 1, ...range, keyId: sealKey.id, sealedAt: 1_793_000_100 }
    const text = sealText(seal, parts.at(-1)?.seal.mac ?? '', events)
    parts.push({ seal: { ...seal, mac: await sealKey.macOf(text) }, events })
  }
  return parts
}

const three = () => chainOf([key, key, key])

async function verify(parts: readonly ChainPart[], head?: ChainHead, keys = [key]) {
  const verifier = new ChainVerifier(keys, head)
  for (const part of parts) await verifier.add(part)
  return verifier.finish()
}

async function findings(parts: readonly ChainPart[], head?: ChainHead, keys = [key]) {
  const verdict = await verify(parts, head, keys)
  expect(verdict.problems).toBe(verdict.findings.length)
  return verdict.findings.map(({ problem, seal }) => [problem, seal])
}

const withEvents = (part: SealedPart, events: readonly AuditEvent[]) => ({ ...part, events })
const withSeal = ({ seal, events }: SealedPart, change: Partial<AuditSeal>) => ({
  ...{ seal: { ...seal, ...change }, events },
})

describe('the time until events were sealed', () => {
  it('is the longest between an event and its seal, and names the seal', async () => {
    expect((await verify([])).longestWait).toBeUndefined()
    expect((await verify(await three())).longestWait).toEqual({ seal: 1, seconds: 99 })
  })

  it('shows that the last seal was removed, and its events were sealed anew', async () => {
    const [first, second] = await three()
    if (!first || !second) throw new Error('There are three seals.')
    const changed = second.events.map((event) => ({ ...event, userId: 8 }))
    const { mac: _, ...seal } = { ...second.seal, sealedAt: second.seal.sealedAt + 3_600 }
    const mac = await key.macOf(sealText(seal, first.seal.mac, changed))
    const anew = { seal: { ...seal, mac }, events: changed }
    const { problems, longestWait } = await verify([first, anew])
    expect([problems, longestWait]).toEqual([0, { seal: 2, seconds: 3_696 }])
    const { number, mac: kept } = second.seal
    expect(await findings([first, anew], { number, mac: kept })).toEqual([['head_changed', 2]])
  })

  it('is not over for events without a seal, which say since when', async () => {
    const [first, second] = await three()
    const parts = [...(first ? [first] : []), { events: second?.events ?? [] }]
    expect(await verify(parts)).toMatchObject({ unsealed: 3, unsealedSince: 1_793_000_004 })
  })
})

describe('events without a seal', () => {
  it('are found when the first is older than a day, if it is known when they were read', async () => {
    const [first, second] = await three()
    const at = second?.events[0]?.at ?? 0
    const parts = [...(first ? [first] : []), { events: second?.events ?? [] }]
    const finish = async (now?: number) => {
      const verifier = new ChainVerifier([key])
      for (const part of parts) await verifier.add(part)
      return verifier.finish(now).findings
    }
    expect([await finish(), await finish(at + 86_400)]).toEqual([[], []])
    expect(await finish(at + 86_401)).toEqual([
      { problem: 'events_unsealed', seal: 2, firstSeq: 4, lastSeq: 6 },
    ])
  })
})

describe('a chain', () => {
  it('is intact as it was sealed, and gives its head', async () => {
    const parts = await three()
    const { mac = '' } = parts[2]?.seal ?? {}
    expect(await verify([...parts, { events: [eventAt(10)] }])).toEqual({
      ...{ seals: 3, events: 9, unsealed: 1, problems: 0, findings: [] },
      keys: new Map([[key.id, 3]]),
      head: { number: 3, mac },
      ...{ longestWait: { seal: 1, seconds: 99 }, unsealedSince: 1_793_000_010 },
    })
  })

  // The values were computed with HKDF and HMAC of node:crypto.
  it('is sealed in one way for ever', async () => {
    const [first, second] = await chainOf([key, key], 2)
    expect(sealText(first?.seal as AuditSeal, '', first?.events ?? [])).toBe(
      `[1,"",1,2,2,"${key.id}",1793000100]
[1,1793000001,"login","success","user",7,"ssssssssssssssss","r",0,"t"]
[2,1793000002,"login","success","user",7,"ssssssssssssssss","r",1,"t"]
`,
    )
    expect([key.id, second?.seal.mac]).toEqual([
      'J2yuJY5uM128GVYx',
      'IWuKFrX0xOwCqo6HlnnSUA1UzFFRPc6b2kxGYmNr40Q',
    ])
  })

  it('has a key of its own for each secret', async () => {
    expect(key.id).toMatch(/^[\w-]{16}$/)
    expect((await deriveSealKey(sealSecret)).id).toBe(key.id)
    expect((await deriveSealKey(`${sealSecret}x`)).id).not.toBe(key.id)
  })
})

describe('a verification finds', () => {
  it.each(Object.keys(eventAt(5)) as (keyof AuditEvent)[])('a changed %s', async (column) => {
    const [one, two, last] = (await three()) as [SealedPart, SealedPart, SealedPart]
    for (const value of [null, 99, 'x'] as never[]) {
      const events = two.events.map((event, at) =>
        at === 1 ? { ...event, [column]: value } : event,
      )
      expect(await findings([one, withEvents(two, events), last])).toEqual([['events_changed', 2]])
    }
  })

  it('deleted, inserted and moved events', async () => {
    const [one, two, last] = (await three()) as [SealedPart, SealedPart, SealedPart]
    const [a, b, c] = two.events as [AuditEvent, AuditEvent, AuditEvent]
    const cases: [AuditEvent[], ChainProblem][] = [
      [[a, b], 'events_deleted'],
      [[], 'events_deleted'],
      [[a, b, c, { ...c, seq: 7 }], 'events_inserted'],
      [[b, a, c], 'events_changed'],
      [[{ ...b, seq: a.seq }, { ...a, seq: b.seq }, c], 'events_changed'],
      [[a, c, { ...c, seq: 7 }], 'events_changed'],
    ]
    for (const [events, problem] of cases) {
      expect(await findings([one, withEvents(two, events), last])).toEqual([[problem, 2]])
    }
  })

  it.each([
    ['mac', 'A'.repeat(43), 'seal_changed'],
    ['events', 2, 'seal_changed'],
    ['events', 4, 'seal_changed'],
    ['firstSeq', 3, 'seal_changed'],
    ['lastSeq', 7, 'events_changed'],
    ['sealedAt', 5, 'events_changed'],
    ['keyId', 'other', 'key_unknown'],
  ] as const)('a seal with another %s: %s', async (column, value, problem) => {
    const [one, two, last] = (await three()) as [SealedPart, SealedPart, SealedPart]
    expect(await findings([one, withSeal(two, { [column]: value }), last])).toEqual([[problem, 2]])
  })

  it('a removed seal, and goes on behind the next one', async () => {
    const [one, two, last] = (await three()) as [SealedPart, SealedPart, SealedPart]
    const both = withEvents(last, [...two.events, ...last.events])
    expect(await findings([one, both])).toEqual([['seal_missing', 3]])
    expect(await findings([withEvents(two, [...one.events, ...two.events]), last])).toEqual([
      ['seal_missing', 2],
    ])
    const renumbered = withSeal(both, { number: 2 })
    expect(await findings([one, renumbered])).toEqual([['events_inserted', 2]])
  })

  it('an inserted seal', async () => {
    const [one, two] = (await three()) as [SealedPart, SealedPart]
    const before = { ...withSeal(one, { number: 0 }), events: [] }
    expect(await findings([before, one, two])).toEqual([['seal_inserted', 0]])
    const behind = { ...withSeal(two, { number: 3 }), events: [] }
    expect(await findings([one, two, behind])).toEqual([['events_deleted', 3]])
  })

  it('a chain that was sealed anew from the middle, without the key', async () => {
    const parts = await three()
    const forged = await chainOf([await deriveSealKey('x'.repeat(32))])
    const mixed = [parts[0] as SealedPart, ...forged.map((part) => withSeal(part, { number: 2 }))]
    expect(await findings(mixed)).toEqual([['key_unknown', 2]])
  })

  it('an old seal in the place of a new one: each covers the one before it', async () => {
    const [one, two, last] = (await three()) as [SealedPart, SealedPart, SealedPart]
    // A second history, whose first seal is another one.
    const other = await chainOf([key, key, key])
    const changed = { ...one, events: one.events.map((event) => ({ ...event, target: null })) }
    const text = sealText(changed.seal, '', changed.events)
    const resealed = withSeal(changed, { mac: await key.macOf(text) })
    expect(await findings([resealed, other[1] as SealedPart, last])).toEqual([
      ['events_changed', 2],
    ])
    expect(await findings([one, two, last])).toEqual([])
  })

  it('a cut tail by a kept head alone', async () => {
    const parts = await three()
    const { number = 0, mac = '' } = parts[2]?.seal ?? {}
    const head = { number, mac }
    expect(await findings(parts, head)).toEqual([])
    expect(await findings([...parts, { events: [eventAt(10)] }], head)).toEqual([])
    expect(await findings(parts.slice(0, 2))).toEqual([])
    expect(await findings(parts.slice(0, 2), head)).toEqual([['head_missing', 3]])
    expect(await findings([], head)).toEqual([['head_missing', 3]])
    expect(await findings(parts, { number, mac: 'A'.repeat(43) })).toEqual([['head_changed', 3]])
  })

  it('what it can with the keys that it has', async () => {
    const [old, fresh] = [await deriveSealKey('o'.repeat(32)), await deriveSealKey('f'.repeat(32))]
    const parts = await chainOf([old, old, fresh])
    expect(await findings(parts, undefined, [fresh, old])).toEqual([])
    expect(await findings(parts, undefined, [fresh])).toEqual([
      ['key_unknown', 1],
      ['key_unknown', 2],
    ])
    const changed = withSeal(parts[1] as SealedPart, { mac: 'A'.repeat(43) })
    const chain = [parts[0], changed, parts[2]] as SealedPart[]
    expect(await findings(chain, undefined, [fresh])).toEqual([
      ['key_unknown', 1],
      ['key_unknown', 2],
      ['events_changed', 3],
    ])
  })

  it('more than it lists', async () => {
    const parts = await chainOf(
      Array.from({ length: 120 }, () => key),
      1,
    )
    const { problems, findings } = await verify(parts.map((part) => withEvents(part, [])))
    expect([problems, findings.length]).toEqual([120, 100])
  })
})
