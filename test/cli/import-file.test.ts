import { describe, expect, it } from 'vitest'
import { type Entry, readEntries } from '../../src/cli/import-file.ts'
import { maxLineBytes } from '../../src/cli/import-lines.ts'

const header = 'email,name\n'

/** The entries of a CSV file, and how many of its bytes were read before the end or a failure. */
async function readCsv(...parts: readonly string[]) {
  const entries: Entry[] = []
  let readBytes = 0
  async function* chunks() {
    for (const part of parts) {
      const bytes = Buffer.from(part)
      readBytes += bytes.length
      yield bytes
    }
  }
  try {
    for await (const entry of readEntries('csv', chunks())) entries.push(entry)
    return { entries, readBytes }
  } catch (error) {
    return { entries, readBytes, failure: String(error) }
  }
}

describe('a record of CSV', () => {
  it.each([
    ['line feeds', '\n'],
    ['CR and line feeds', '\r\n'],
    ['characters of three bytes', '€€€€€\n'],
    ['empty quotes', '""\n'],
  ])('whose quote is left open ends the file after 64 KiB of %s', async (_, unit) => {
    const chunk = unit.repeat(Math.ceil(1_024 / Buffer.byteLength(unit)))
    const { failure, readBytes } = await readCsv(`${header}"`, ...Array(512).fill(chunk))
    expect(failure).toMatch(/begins in line 2 does not end within 64 KiB/)
    // A CR before a line feed does not count.
    expect(readBytes).toBeLessThan(3 * maxLineBytes)
  })

  it('may have 64 KiB with the line feeds inside its quotes, and not a byte more', async () => {
    const recordOf = (bytes: number) => `a@b.example,"\n\n${'é'.repeat((bytes - 16) / 2)}"\n`
    expect(Buffer.byteLength(recordOf(maxLineBytes))).toBe(maxLineBytes + 1)
    const { entries, failure } = await readCsv(header, recordOf(maxLineBytes))
    expect([entries.length, failure]).toEqual([1, undefined])
    expect((await readCsv(header, recordOf(maxLineBytes + 2))).failure).toMatch(/within 64 KiB/)
  })
})
