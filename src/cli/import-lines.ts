// Lines of a stream of bytes, in constant memory: a line that is too long is dropped as it comes.

import { byteLength, decodeUtf8 } from '../crypto/utf8.ts'

/** The longest line, and the longest record of a CSV file, in bytes. */
export const maxLineBytes = 65_536

/** A line without its end, which is LF or CR LF. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Empty for a line that is too long. Bytes that are not UTF-8 are replaced. */
  readonly text: string
  readonly problem?: 'too long' | 'not UTF-8'
}

const lineFeed = 10
const byteOrderMark = /^\uFEFF/

/** The lines of the stream. A byte order mark at the beginning is removed. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 1
  let begun = new LineBytes()
  for await (const chunk of chunks) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(lineFeed, from)
      begun.add(chunk.subarray(from, end < 0 ? undefined : end))
      if (end < 0) break
      yield begun.finish(number)
      number += 1
      begun = new LineBytes()
      from = end + 1
    }
  }
  if (begun.length > 0) yield begun.finish(number)
}

/** The bytes of a line that has begun. */
class LineBytes {
  length = 0
  #parts: Uint8Array[] = []

  add(part: Uint8Array): void {
    this.length += part.length
    // One more for the CR of a line of the greatest length.
    if (this.length > maxLineBytes + 1) this.#parts = []
    // Copied, because the part shares its memory with the whole chunk.
    else if (part.length > 0) this.#parts.push(Uint8Array.from(part))
  }

  finish(number: number): Line {
    if (this.length > maxLineBytes + 1) return { number, text: '', problem: 'too long' }
    const bytes = Buffer.concat(this.#parts)
    const { text, isUtf8 } = decode(bytes)
    const line = (number === 1 ? text.replace(byteOrderMark, '') : text).replace(/\r$/, '')
    if (bytes.length > maxLineBytes && byteLength(line) > maxLineBytes) {
      return { number, text: '', problem: 'too long' }
    }
    return { number, text: line, ...(!isUtf8 && { problem: 'not UTF-8' }) }
  }
}

function decode(bytes: Buffer): { text: string; isUtf8: boolean } {
  try {
    return { text: decodeUtf8(bytes), isUtf8: true }
  } catch {
    return { text: bytes.toString('utf8'), isUtf8: false }
  }
}
