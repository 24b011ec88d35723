import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Line, maxLineBytes, readLines } from '../../src/cli/import-lines.ts'

/** The text or bytes in chunks of this size. */
async function* inChunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function linesOf(text: string | Uint8Array, size = 65_536): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of readLines(inChunks(Buffer.from(text), size))) lines.push(line)
  return lines
}

const textsOf = async (text: string, size?: number) =>
  (await linesOf(text, size)).map((line) => line.text)

describe('the lines of a file', () => {
  it('end with LF or CR LF, and the last may have no end', async () => {
    expect(await linesOf('a\r\nb\n\nc')).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
      { number: 3, text: '' },
      { number: 4, text: 'c' },
    ])
    expect(await linesOf('')).toEqual([])
    expect(await textsOf('a\n')).toEqual(['a'])
  })

  it('are the same however the bytes arrive', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.integer({ min: 1, max: 9 }), async (texts, size) => {
        const lines = texts.map((one) => one.replace(/[\r\n\uFEFF]/g, '')).concat('end')
        expect(await textsOf(lines.join('\r\n'), size)).toEqual(lines)
      }),
    )
  })

  it('begin after a byte order mark, which counts only at the beginning of the file', async () => {
    expect(await textsOf('\uFEFFa\n\uFEFFb', 1)).toEqual(['a', '\uFEFFb'])
  })

  it('may have 64 KiB without their end; longer ones are dropped, and the next is read', async () => {
    const longest = 'x'.repeat(maxLineBytes)
    for (const end of ['\n', '\r\n']) {
      expect(await textsOf(`${longest}${end}next`, 999)).toEqual([longest, 'next'])
      expect(await linesOf(`${longest}x${end}next`, 999)).toEqual([
        { number: 1, text: '', problem: 'too long' },
        { number: 2, text: 'next' },
      ])
    }
  })

  it('take no memory when they are too long', async () => {
    const chunk = Buffer.alloc(60_000, 'x')
    let mostBytes = 0
    async function* endless() {
      for (let sent = 0; sent < 2_000; sent += 1) {
        mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers)
        yield chunk
      }
    }
    const before = process.memoryUsage().arrayBuffers
    for await (const line of readLines(endless())) expect(line.problem).toBe('too long')
    expect(mostBytes - before).toBeLessThan(10_000_000)
  })

  it('are in UTF-8, or are marked', async () => {
    const [first, second] = await linesOf(Buffer.from('6164e40a6f6b', 'hex'))
    expect(first).toEqual({ number: 1, text: 'ad\uFFFD', problem: 'not UTF-8' })
    expect(second).toEqual({ number: 2, text: 'ok' })
  })
})
