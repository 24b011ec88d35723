// The emails of an import file, to find those that come twice. They are kept as 64 bits of their
// hashes, in at most 32 bytes each, because a file may have millions.

import { hash } from 'node:crypto'

/** The places at the beginning. A power of two. */
const firstPlaces = 4_096

/**
 * A set of texts. Two texts may be taken for the same, but even among ten million that happens in
 * one of 100,000 files.
 */
export class SeenEmails {
  /** Two words for each place. Both are 0 where the place is free. */
  #words = new Uint32Array(2 * firstPlaces)
  #count = 0

  /** Adds a text. Returns whether it was there already. */
  add(email: string): boolean {
    const digest = hash('sha256', email, 'buffer')
    // Never both 0.
    const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1]
    if (!this.#insert(high, low >>> 0)) return true
    this.#count += 1
    if (this.#count * 4 > this.#words.length) this.#grow()
    return false
  }

  #insert(high: number, low: number): boolean {
    const words = this.#words
    // Half of the words is the number of places.
    const last = words.length / 2 - 1
    for (let place = high & last; ; place = (place + 1) & last) {
      const at = 2 * place
      if (words[at] === high && words[at + 1] === low) return false
      if (words[at + 1] === 0) {
        words[at] = high
        words[at + 1] = low
        return true
      }
    }
  }

  #grow(): void {
    const before = this.#words
    this.#words = new Uint32Array(2 * before.length)
    for (let at = 0; at < before.length; at += 2) {
      const low = before[at + 1] ?? 0
      if (low !== 0) this.#insert(before[at] ?? 0, low)
    }
  }
}
