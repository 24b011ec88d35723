// The revocation feed of a test issuer. It answers like the service, without a database.

import type { Runtime } from '../runtime/runtime.ts'
import {
  type FeedPage,
  feedVersion,
  placesPerPage,
  placesPerSegment,
  renderFeed,
  renderRow,
} from '../token/feed-format.ts'

const epoch = 'test'

export class TestFeed {
  readonly #runtime: Pick<Runtime, 'nowMs'>
  readonly #rows: string[] = []
  readonly #ids = new Set<string>()

  constructor(runtime: Pick<Runtime, 'nowMs'>) {
    this.#runtime = runtime
  }

  revoke(id: string, expiresAt: number): void {
    this.#ids.add(id)
    this.#rows.push(renderRow(id, expiresAt))
  }

  /** What the service would answer to a request below `/auth/feed`. */
  async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, kind, number] = /\/auth\/feed\/(since|snapshot)\/(\d+)$/.exec(pathname) ?? []
    if (pathname.endsWith('/check')) return this.#check(await request.json())
    if (!kind) return new Response('{}', { status: 404 })
    const places = kind === 'since' ? placesPerSegment : placesPerPage
    const nonce = searchParams.get('nonce')
    const proof = nonce === null ? undefined : { nonce, ageMs: 0 }
    return new Response(renderFeed({ ...this.#page(Number(number) * places, places), proof }))
  }

  #page(from: number, places: number): FeedPage {
    const head = this.#rows.length
    const through = Math.min(head, from + places - 1)
    // The first place is 1.
    const rows = this.#rows.slice(Math.max(0, from - 1), Math.max(0, through))
    return { epoch, nowMs: this.#runtime.nowMs(), first: 1, head, from, through, rows }
  }

  #check(question: unknown): Response {
    const { ids, nonce } = question as { ids: readonly string[]; nonce: string }
    const revoked = ids.filter((id) => this.#ids.has(id))
    return Response.json({ version: feedVersion, now_ms: this.#runtime.nowMs(), revoked, nonce })
  }
}
