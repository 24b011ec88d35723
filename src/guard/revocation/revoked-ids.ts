// The set of revoked ids in memory. It is exact: it holds all 96 bits of each id. One flat table
// has 16 bytes for each entry (open addressing, linear probing, at most three quarters full). Ids
// are random, and only the issuer makes them, so nobody can make them collide.

import { invalidValue, sextets, valuesOf } from '../../crypto/base64url.ts'
import { keepAfterExpirySeconds, rowCharacters } from '../../token/feed-format.ts'

/** Ids in the form of the table: three numbers of 32 bits for each. */
export type IdWords = readonly number[]

const wordsPerId = 3
const wordsPerEntry = 4
const minCapacity = 64
const maxLoadFactor = 0.75
const idCharacters = 16

const minuteDigits = rowCharacters - idCharacters
const hexDigits = valuesOf('0123456789abcdef')

type Words = [first: number, second: number, third: number]

/** The words of ids, which any number of lookups can use. */
export function wordsOf(ids: readonly string[]): IdWords {
  const words: number[] = []
  for (const id of ids) readId(id, 0, words, words.length)
  return words
}

/**
 * Ids, each with the minute in which it may be forgotten. Lookups cost no allocation. Inside, an
 * entry is named by the index of its first word in the table.
 */
export class RevokedIds {
  /** Three words of an id, and its minute. The minute is 0 in an empty entry. */
  #table = new Int32Array(minCapacity * wordsPerEntry)
  #size = 0
  /** The entry that was swept last. */
  #swept = 0

  /** How many ids there are. */
  get size(): number {
    return this.#size
  }

  /** How many ids the table has room for. */
  get capacity(): number {
    return this.#table.length / wordsPerEntry
  }

  /** Whether any of the ids is in the set. */
  hasAny(words: IdWords): boolean {
    for (let at = 0; at < words.length; at += wordsPerId) {
      const entry = this.#find(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0)
      if (this.#minuteOf(entry) !== 0) return true
    }
    return false
  }

  /** Adds an id. An id that is there already is kept until the later of the two moments. */
  add(id: string, expiresAt: number): void {
    const words: Words = [0, 0, 0]
    readId(id, 0, words, 0)
    this.#put(words, minuteOf(expiresAt))
  }

  /**
   * Adds the rows of a page (feed-format.ts). Stops at the first text that is not a row.
   *
   * @returns whether all of them were rows
   */
  addRows(rows: string): boolean {
    const words: Words = [0, 0, 0]
    for (let at = 0; at < rows.length; at += rowCharacters) {
      const minute = readMinute(rows, at + idCharacters)
      if (!readId(rows, at, words, 0) || Number.isNaN(minute)) return false
      this.#put(words, Math.max(minute, 1))
    }
    return true
  }

  /** Looks through this many entries, and forgets ids that no unexpired token can carry. */
  sweep(entries: number, nowSeconds: number): void {
    const over = Math.floor((nowSeconds - keepAfterExpirySeconds) / 60)
    for (let looked = 0; looked < Math.min(entries, this.capacity); looked += 1) {
      this.#swept = this.#after(this.#swept)
      // The entry that moves up into its place may have expired, too.
      while (this.#minuteOf(this.#swept) !== 0 && this.#minuteOf(this.#swept) < over) {
        this.#remove(this.#swept)
      }
    }
    if (this.capacity > minCapacity && this.#size < this.capacity / 8) this.#resize()
  }

  #minuteOf(entry: number): number {
    return this.#table[entry + 3] ?? 0
  }

  /** The next entry. The first one follows the last one. */
  #after(entry: number): number {
    return (entry + wordsPerEntry) % this.#table.length
  }

  /** The entry where a search for an id begins. */
  #homeOf(first: number, second: number, third: number): number {
    const mixed = Math.imul(first ^ Math.imul(second, 0x85eb_ca6b) ^ third, 0x9e37_79b1)
    const slots = this.#table.length / wordsPerEntry
    return (((mixed ^ (mixed >>> 15)) >>> 0) % slots) * wordsPerEntry
  }

  /** The entry of an id, or the empty one where it would go. */
  #find(first: number, second: number, third: number): number {
    const table = this.#table
    let at = this.#homeOf(first, second, third)
    for (;;) {
      if (table[at + 3] === 0) return at
      if (table[at] === first && table[at + 1] === second && table[at + 2] === third) return at
      at += wordsPerEntry
      if (at === table.length) at = 0
    }
  }

  #put([first, second, third]: Words, minute: number): void {
    const table = this.#table
    const at = this.#find(first, second, third)
    const known = this.#minuteOf(at)
    table[at] = first
    table[at + 1] = second
    table[at + 2] = third
    table[at + 3] = Math.max(known, minute)
    if (known !== 0) return
    this.#size += 1
    if (this.#size > this.capacity * maxLoadFactor) this.#resize()
  }

  /** Removes an entry, and moves up the entries behind it that a search would no longer find. */
  #remove(entry: number): void {
    const table = this.#table
    this.#size -= 1
    let gap = entry
    for (let at = this.#after(gap); this.#minuteOf(at) !== 0; at = this.#after(at)) {
      const home = this.#homeOf(table[at] ?? 0, table[at + 1] ?? 0, table[at + 2] ?? 0)
      const isReachable = gap < at ? gap < home && home <= at : gap < home || home <= at
      if (isReachable) continue
      table.copyWithin(gap, at, at + wordsPerEntry)
      gap = at
    }
    table.fill(0, gap, gap + wordsPerEntry)
  }

  /** Makes a table that is half full. */
  #resize(): void {
    const old = this.#table
    this.#table = new Int32Array(Math.max(minCapacity, this.#size * 2) * wordsPerEntry)
    this.#size = 0
    this.#swept = 0
    for (let at = 0; at < old.length; at += wordsPerEntry) {
      const minute = old[at + 3] ?? 0
      if (minute !== 0) this.#put([old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0], minute)
    }
  }
}

/**
 * Reads the 16 characters of an id into three words at `at`. Returns whether all of them are
 * base64url.
 */
function readId(text: string, from: number, into: number[], at: number): boolean {
  let first = 0
  let second = 0
  let third = 0
  let seen = 0
  for (let place = from; place < from + idCharacters; place += 1) {
    const sextet = valueAt(sextets, text, place)
    seen |= sextet
    // The 96 bits move up by six.
    first = (first << 6) | (second >>> 26)
    second = (second << 6) | (third >>> 26)
    third = (third << 6) | sextet
  }
  into[at] = first
  into[at + 1] = second
  into[at + 2] = third
  return seen < invalidValue
}

/** Reads the hexadecimal digits of a row. NaN when a character is not such a digit. */
function readMinute(text: string, from: number): number {
  let minute = 0
  for (let place = from; place < from + minuteDigits; place += 1) {
    const digit = valueAt(hexDigits, text, place)
    if (digit === invalidValue) return Number.NaN
    minute = minute * 16 + digit
  }
  return minute
}

function valueAt(values: Uint8Array, text: string, place: number): number {
  const code = text.charCodeAt(place)
  return values[code] ?? invalidValue
}

/** Rounds up, so that an id is never forgotten too early. */
function minuteOf(expiresAt: number): number {
  return Math.max(1, Math.min(Math.ceil(expiresAt / 60), 0xfff_ffff))
}
