import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvRecord, type CsvState } from '../../src/cli/csv-record.ts'

function read(...lines: string[]): [state: CsvState, fields: readonly string[]] {
  const record = new CsvRecord()
  const states = lines.map((line) => record.add(line))
  expect(states.slice(0, -1).every((state) => state === 'open')).toBe(true)
  return [states.at(-1) ?? 'open', record.fields]
}

describe('a record of CSV', () => {
  it.each([
    [['a,b,c'], ['a', 'b', 'c']],
    [[''], ['']],
    [[',,'], ['', '', '']],
    [['"a","",c'], ['a', '', 'c']],
    [['"a,b","say ""hi""",""""'], ['a,b', 'say "hi"', '"']],
    [
      ['a,"first', 'second",c'],
      ['a', 'first\nsecond', 'c'],
    ],
    [
      ['"', '', '",x'],
      ['\n\n', 'x'],
    ],
    [
      ['"a', '"",', 'b""",c'],
      ['a\n",\nb"', 'c'],
    ],
    [[' a , b'], [' a ', ' b']],
  ])('reads %j', (lines, fields) => {
    expect(read(...lines)).toEqual(['done', fields])
  })

  it.each(['a"b,c', '"a"b,c', '"a" ,b', 'a, "b"', '"a""b"c'])(
    'refuses %j, which lenient readers would guess about',
    (line) => {
      expect(read(line)[0]).toBe('malformed')
    },
  )

  it.each(['"', 'a,"b', '"a""', 'a,"b,c'])('is open after %j', (line) => {
    expect(read(line)[0]).toBe('open')
  })

  it('gives what a writer by RFC 4180 has written, whatever the fields are', () => {
    const field = fc.string({ unit: fc.constantFrom('"', ',', '\n', 'a', 'é', ' ', '') })
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    const written = (text: string, isQuoted: boolean) =>
      isQuoted || /[",\n]/.test(text) ? quote(text) : text
    fc.assert(
      fc.property(fc.array(fc.tuple(field, fc.boolean()), { minLength: 1 }), (fields) => {
        const text = fields.map(([one, isQuoted]) => written(one, isQuoted)).join(',')
        expect(read(...text.split('\n'))).toEqual(['done', fields.map(([one]) => one)])
      }),
    )
  })

  it('takes time in proportion to its length', () => {
    const record = new CsvRecord()
    record.add('"')
    const startMs = performance.now()
    for (let line = 0; line < 200_000; line += 1) record.add('""')
    expect(record.add('"')).toBe('done')
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})
