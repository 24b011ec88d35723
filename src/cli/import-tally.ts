// What an import has done so far: the counts, and the entries that were left out. It keeps counts
// only, because a file may have millions of entries.

import type { LeftOut } from './import-file.ts'
import { renderTable } from './report.ts'

/** Of so many entries that were left out, people see the sentences. */
const sentencesShown = 10
const maxNamesShown = 20

/** An entry that was left out or is taken. The hash is no part of it. */
interface LeftOutEntry extends LeftOut {
  readonly line: number
  readonly email: string | null
}

/** Counts the entries of an import. */
export class ImportTally {
  /** The line of the last entry that is done: all before it are done, too. */
  doneLine = 0
  made = 0
  /** Accounts that an import has made before. */
  alreadyThere = 0
  /** Entries whose email has an account that no import has made. */
  taken = 0
  /** The first sentences about entries that have no account now, or a taken one. */
  readonly sentences: string[] = []
  readonly #reasons = new Map<string, number>()
  readonly #families = new Map<string, number>()
  readonly #needs = new Map<string, number>()
  readonly #ignored = new Set<string>()
  readonly #addToReport: (line: string) => void

  /** @param addToReport gets a line of JSON for each entry that was left out or is taken */
  constructor(addToReport: (line: string) => void) {
    this.#addToReport = addToReport
  }

  get leftOut(): number {
    return Array.from(this.#reasons.values()).reduce((sum, count) => sum + count, 0)
  }

  get entries(): number {
    return this.made + this.alreadyThere + this.taken + this.leftOut
  }

  /** @param needs what the service must be given to verify the hash */
  countMade(family: string, needs: string | undefined): void {
    this.made += 1
    countOne(this.#families, family)
    if (needs !== undefined) countOne(this.#needs, needs)
  }

  countLeftOut(entry: LeftOutEntry): void {
    countOne(this.#reasons, entry.reason)
    this.#report(entry)
  }

  countTaken(entry: LeftOutEntry): void {
    this.taken += 1
    this.#report(entry)
  }

  #report({ line, email, reason, sentence }: LeftOutEntry): void {
    if (this.sentences.length < sentencesShown) this.sentences.push(`Line ${line}: ${sentence}`)
    this.#addToReport(`${JSON.stringify({ line, email, reason, message: sentence })}\n`)
  }

  /** Notes a member that is not read. Names that could be values are not repeated. */
  noteIgnored(name: string): void {
    if (this.#ignored.size < maxNamesShown) {
      this.#ignored.add(/^[A-Za-z][\w -]{0,39}$/.test(name) ? name : 'others')
    }
  }

  /** One line about how far the import is. */
  progress(elapsedMs: number): string {
    const perSecond = Math.round(this.entries / (elapsedMs / 1_000))
    return `Line ${this.doneLine}: ${this.made} made, ${this.alreadyThere} already there, ${this.taken} taken, ${this.leftOut} left out; ${perSecond} entries a second.`
  }

  /** The facts for programs. */
  facts(isDry: boolean, elapsedMs: number) {
    return {
      dry_run: isDry,
      entries: this.entries,
      made: this.made,
      already_there: this.alreadyThere,
      taken: this.taken,
      left_out: this.leftOut,
      reasons: Object.fromEntries(this.#reasons),
      hashes: Object.fromEntries(this.#families),
      needs: Object.fromEntries(this.#needs),
      ignored_members: [...this.#ignored],
      seconds: Math.round(elapsedMs / 100) / 10,
    }
  }

  /** The facts for people. */
  table(isDry: boolean): string {
    const rows: [string, number][] = [
      [isDry ? 'would be made' : 'made', this.made],
      ...indent(this.#families),
      ['already there', this.alreadyThere],
      ['taken', this.taken],
      ['left out', this.leftOut],
      ...indent(this.#reasons),
    ]
    const table = renderTable([
      ['entries', `${this.entries}`],
      ...rows.map(([name, count]) => [name, `${count}`]),
    ])
    const needs = Array.from(
      this.#needs,
      ([what, count]) => `\n${count} can log in only where the service has ${what}.`,
    )
    const ignored = [...this.#ignored].join(', ')
    return `${table}${needs.join('')}${ignored && `\nMembers that were not read: ${ignored}.`}`
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function indent(counts: ReadonlyMap<string, number>): [string, number][] {
  return Array.from(counts, ([name, count]) => [`  ${name}`, count])
}
