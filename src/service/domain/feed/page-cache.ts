// The pages of the snapshot that an isolate has read, as many as it has room for. Each is read at
// most once a minute, even if it was dropped to make room. Otherwise strangers who request all
// pages in turn would cause reads.

import type { FeedPage } from '../../../token/feed-format.ts'
import { charactersIn } from './snapshot-answers.ts'

/** The limit for all pages together. A million ids need less, and guards follow no more. */
export const maxKeptCharacters = 32_000_000
const keptForMs = 60_000

interface KeptPage {
  /** Undefined if other pages needed the room. */
  readonly page: FeedPage | undefined
  readonly readAtMs: number
}

export class PageCache {
  readonly #maxCharacters: number
  /** By number. The page that was read longest ago comes first. */
  readonly #pages = new Map<number, KeptPage>()

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters
  }

  /** A page that was read within the last minute. */
  find(number: number, nowMs: number): { page: FeedPage; readAtMs: number } | undefined {
    const { page, readAtMs = 0 } = this.#pages.get(number) ?? {}
    return page && isRecent(readAtMs, nowMs) ? { page, readAtMs } : undefined
  }

  /** Whether a page was read within the last minute, and is no longer kept. */
  hasLeft(number: number, nowMs: number): boolean {
    const kept = this.#pages.get(number)
    return kept !== undefined && !kept.page && isRecent(kept.readAtMs, nowMs)
  }

  /** Keeps a page. The pages that were read longest ago make room. */
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

/** False for a time in the future: on Workers the clock may be set back. */
function isRecent(readAtMs: number, nowMs: number): boolean {
  return nowMs >= readAtMs && nowMs < readAtMs + keptForMs
}
