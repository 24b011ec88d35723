// The entries of an import file: JSON lines, or CSV whose first line names the columns. No sentence
// here repeats text of the file, because the file has hashes.

import { byteLength } from '../crypto/utf8.ts'
import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { isObject } from '../token/json.ts'
import { CsvRecord } from './csv-record.ts'
import { Failure } from './failure.ts'
import { type Line, maxLineBytes, readLines } from './import-lines.ts'

/** The formats of an import file. */
export const importFormats = ['jsonl', 'csv'] as const
export type ImportFormat = (typeof importFormats)[number]

/** Why an entry is left out. The reason is for programs, the sentence for people. */
export interface LeftOut<Reason extends string = string> {
  readonly reason: Reason
  readonly sentence: string
}

/** The members of an entry by their names. Cells of CSV are texts. */
export type Members = ReadonlyMap<string, unknown>

/** An entry, and the line on which it begins, from 1. */
export interface Entry {
  readonly line: number
  readonly members: Result<Members, LeftOut>
}

/** The format that the name of a file stands for. */
export function formatOf(file: string): ImportFormat | undefined {
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl'
  return /\.csv$/i.test(file) ? 'csv' : undefined
}

/**
 * The entries of a file. Empty lines are none.
 *
 * @throws Failure when nothing after a place can be read. Entries before it have been given
 */
export function readEntries(
  format: ImportFormat,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Entry> {
  const lines = readLines(chunks)
  return format === 'csv' ? readCsv(lines) : readJsonLines(lines)
}

const limit = `${maxLineBytes / 1_024} KiB`
const notUtf8: LeftOut = {
  reason: 'not_utf8',
  sentence: 'The text is not in UTF-8: write the file in that encoding.',
}

async function* readJsonLines(lines: AsyncIterable<Line>): AsyncGenerator<Entry> {
  for await (const line of lines) {
    if (line.problem || line.text.trim() !== '') {
      yield { line: line.number, members: parseJsonLine(line) }
    }
  }
}

function parseJsonLine({ text, problem }: Line): Result<Members, LeftOut> {
  if (problem === 'too long') {
    return refuse({ reason: 'line_too_long', sentence: `The line is longer than ${limit}.` })
  }
  if (problem) return refuse(notUtf8)
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value) && !Array.isArray(value)) return succeed(new Map(Object.entries(value)))
  } catch {
    // The message of the error would quote the line.
  }
  return refuse({ reason: 'line_malformed', sentence: 'The line is not one JSON object.' })
}

async function* readCsv(lines: AsyncIterable<Line>): AsyncGenerator<Entry> {
  let names: readonly string[] | undefined
  for await (const { line, fields } of readRecords(lines)) {
    if (names) yield { line, members: fields.ok ? nameFields(names, fields.value) : fields }
    else names = readHeader(fields)
  }
}

function readHeader(fields: Result<readonly string[], LeftOut>): readonly string[] {
  const names = fields.ok ? fields.value.map((name) => name.trim()) : []
  if (!names.includes('email')) {
    throw new Failure(
      'The first line must name the columns, separated by commas, such as `email,hash,roles`. It names no column `email`, in small letters.',
      'usage',
    )
  }
  if (new Set(names).size < names.length) {
    throw new Failure('The first line names a column twice: remove one of the two.', 'usage')
  }
  return names
}

function nameFields(names: readonly string[], fields: readonly string[]): Result<Members, LeftOut> {
  if (fields.length === names.length) {
    return succeed(new Map(names.map((name, place) => [name, fields[place]])))
  }
  const sentence = `The record has ${fields.length} fields, but the first line names ${names.length} columns.`
  return refuse({ reason: 'line_malformed', sentence })
}

interface FoundRecord {
  readonly line: number
  readonly fields: Result<readonly string[], LeftOut>
}

async function* readRecords(lines: AsyncIterable<Line>): AsyncGenerator<FoundRecord> {
  const reader = new RecordReader()
  for await (const line of lines) {
    const found = reader.take(line)
    if (found) yield found
  }
  reader.end()
}

/**
 * Makes records of lines. Where the end of a record cannot be found, reading ends: text that one
 * person has written could otherwise count as the account of another.
 */
class RecordReader {
  /** The record whose quoted field goes on in the next line. */
  #open: CsvRecord | undefined
  #firstLine = 0
  /** In UTF-8, with a byte for each line end that the record keeps. */
  #bytes = 0
  #isUtf8 = true

  /** The record that ends with the line, if one does. */
  take({ number, text, problem }: Line): FoundRecord | undefined {
    if (!this.#open) this.#begin(number)
    this.#bytes += byteLength(text) + (this.#open ? 1 : 0)
    if (problem === 'too long' || this.#bytes > maxLineBytes) throw endNotFound(this.#firstLine)
    if (problem) this.#isUtf8 = false
    if (!this.#open && text === '') return undefined
    const record = this.#open ?? new CsvRecord()
    const state = record.add(text)
    this.#open = state === 'open' ? record : undefined
    if (state === 'malformed') throw quoteMisplaced(number)
    if (state === 'open') return undefined
    const fields = this.#isUtf8 ? succeed(record.fields) : refuse(notUtf8)
    return { line: this.#firstLine, fields }
  }

  /** The file has ended. */
  end(): void {
    if (this.#open) throw endNotFound(this.#firstLine)
  }

  #begin(line: number): void {
    this.#firstLine = line
    this.#bytes = 0
    this.#isUtf8 = true
  }
}

function endNotFound(line: number): Failure {
  return new Failure(
    `The record that begins in line ${line} does not end within ${limit}: a closing quote may be missing. ${mend}`,
  )
}

function quoteMisplaced(line: number): Failure {
  return new Failure(
    `Line ${line} has a quote in the wrong place: put the whole field into quotes, and write each " in it twice. ${mend}`,
  )
}

const mend =
  'Nothing from this record on was imported. Mend the file, and run the command again: it goes on.'
