// The pages of the snapshot that an isolate has read: as many as it has room for. Each is read at
// most once a minute, even if it had to make room since: strangers who ask for all of them in turn
// must not turn into reads.

import type { FeedPage } from '../../../token/feed-format.ts'
import { charactersIn } from './snapshot-answers.ts'

/** Of all pages together: more than a million ids have, and guards follow no more. */
export const maxKeptCharacters = 32_000_000
const keptForMs = 60_000

interface KeptPage {
  /** Not there any more where others needed the room. */
  readonly page: FeedPage | undefined
  readonly readAtMs: number
}

export class PageCache {
  readonly #maxCharacters: number
  /** By number; the one that was read longest ago is the first. */
  readonly #pages = new Map<number, KeptPage>()

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  /** A page that was read within the last minute. */
  find(number: number, nowMs: number): { page: FeedPage; readAtMs: number } | undefined {
    const { page, readAtMs = 0 } = this.#pages.get(number) ?? {}
    return page && isRecent(readAtMs, nowMs) ? { page, readAtMs } : undefined
  }

  /** Whether a page was read within the last minute, and is not here any more. */
  hasLeft(number: number, nowMs: number): boolean {
    const kept = this.#pages.get(number)
    return kept !== undefined && !kept.page && isRecent(kept.readAtMs, nowMs)
  }

  /** Keeps a page. Those that were read longest ago make room. */
  keep(number: number, page: FeedPage, readAtMs: number): void {
    this.#pages.delete(number)
    this.#pages.set(number, { page, readAtMs })
    let characters = 0
    for (const kept of this.#pages.values()) characters += charactersIn(kept.page?.rows ?? [])
    for (const [other, kept] of this.#pages) {
      if (characters <= this.#maxCharacters || other === number) return
      characters -= charactersIn(kept.page?.rows ?? [])
      this.#pages.set(other, { page: undefined, readAtMs: kept.readAtMs })
    }
  }
}

/** On Workers the clock may be set back. */
function isRecent(readAtMs: number, nowMs: number): boolean {
  return nowMs >= readAtMs && nowMs < readAtMs + keptForMs
}
