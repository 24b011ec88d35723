import { describe, expect, it } from 'vitest'
import { SnapshotAnswers } from '../../../../src/service/domain/feed/snapshot-answers.ts'
import { VirtualTime } from '../../../support/virtual-time.ts'

const texts = ['first line\n', 'a'.repeat(200_000), '', 'b'.repeat(70_000)]
const create = () => {
  const time = new VirtualTime()
  const answers = new SnapshotAnswers(time.runtime)
  const begin = () => answers.begin(texts)
  const beginMany = (count: number) => Array.from({ length: count }, begin)
  return { time, answers, begin, beginMany }
}
const readerOf = (body: unknown) => (body as ReadableStream<Uint8Array>).getReader()

describe('a long answer', () => {
  it('consists of all its texts, in pieces of at most 64 KiB, without preparing it as a whole', async () => {
    let taken = 0
    const counted = texts.map((text) => ({
      length: text.length,
      slice(from: number, to: number) {
        taken += 1
        return text.slice(from, to)
      },
    }))
    const body = create().answers.begin(counted as unknown as string[])
    await Promise.resolve()
    expect(taken).toBe(0)
    const pieces: Uint8Array[] = []
    for await (const piece of body as ReadableStream<Uint8Array>) pieces.push(piece)
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(65_536)
    expect(Buffer.concat(pieces).toString()).toBe(texts.join(''))
  })

  it('waits while eight others are being read, and begins when one has ended', async () => {
    const { begin, beginMany } = create()
    const bodies = beginMany(8)
    expect(begin()).toBeUndefined()
    await new Response(bodies[0]).text()
    expect(begin()).toBeDefined()
    expect(begin()).toBeUndefined()
    await readerOf(bodies[1]).cancel()
    expect([begin() === undefined, begin()]).toEqual([false, undefined])
  })

  it('ends 10 s after its start, whether or not the client reads it', async () => {
    const { time, begin, beginMany } = create()
    const [stalled, ...others] = beginMany(8)
    const reader = readerOf(stalled)
    await reader.read()
    time.nowMs += 9_999
    expect(begin()).toBeUndefined()
    time.nowMs += 1
    expect(begin()).toBeDefined()
    await expect(reader.read()).rejects.toThrow('took too long')
    expect(others).toHaveLength(7)
  })

  it('ends when the clock is set back', () => {
    const { time, begin, beginMany } = create()
    beginMany(8)
    time.nowMs -= 1
    expect(begin()).toBeDefined()
  })
})

describe('a short answer', () => {
  it('is sent whole, however many others are being read', () => {
    const { answers, beginMany } = create()
    beginMany(8)
    expect(answers.begin(['one\n', 'two'])).toBe('one\ntwo')
  })
})
