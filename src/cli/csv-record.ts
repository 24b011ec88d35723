// Records of CSV (RFC 4180), from lines. It is stricter than most readers: a quote in the wrong
// place is an error. A lenient reader would take a part of one person's text for another account.

/** How far a record is after a line. */
export type CsvState = 'done' | 'open' | 'malformed'

/**
 * A record that may span several lines. Takes each character once. A line end inside quotes becomes
 * LF.
 */
export class CsvRecord {
  readonly fields: string[] = []
  /** The text of a quoted field whose quote is still open. */
  #open: string | undefined

  /**
   * Adds a line, without its end. Returns 'open' when a quoted field goes on in the next line. After
   * 'malformed' the record cannot be used: a quote is inside a field, or text follows a quote.
   */
  add(line: string): CsvState {
    let at = 0
    if (this.#open !== undefined) {
      const begun = `${this.#open}\n`
      at = this.#takeQuoted(line, 0, begun)
    } else {
      at = this.#takeField(line, 0)
    }
    while (at >= 0 && at < line.length) {
      if (line[at] !== ',') return 'malformed'
      at = this.#takeField(line, at + 1)
    }
    if (this.#open !== undefined) return 'open'
    return at < 0 ? 'malformed' : 'done'
  }

  /** Takes the field that begins at a place. Returns the place after it, or −1. */
  #takeField(line: string, at: number): number {
    if (line[at] === '"') return this.#takeQuoted(line, at + 1, '')
    const comma = line.indexOf(',', at)
    const end = comma < 0 ? line.length : comma
    const field = line.slice(at, end)
    if (field.includes('"')) return -1
    this.fields.push(field)
    return end
  }

  /** Takes a quoted field up to its closing quote. Leaves it open if the line ends before. */
  #takeQuoted(line: string, from: number, begun: string): number {
    let text = begun
    for (let at = from; ; ) {
      const quote = line.indexOf('"', at)
      if (quote < 0) {
        this.#open = text + line.slice(at)
        return line.length
      }
      text += line.slice(at, quote)
      if (line[quote + 1] !== '"') {
        this.#open = undefined
        this.fields.push(text)
        return quote + 1
      }
      text += '"'
      at = quote + 2
    }
  }
}
