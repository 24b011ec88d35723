// As many revocations as a view holds, over the whole path from the network to the gate, inside
// workerd.

import { describe, expect, it } from 'vitest'
import { loaderOf } from '../../../src/guard/revocation/isolate-views.ts'
import { createVerifier } from '../../../src/index.ts'
import { createTestIssuer } from '../../../src/testing.ts'
import { placesPerPage, renderFeed } from '../../../src/token/feed-format.ts'

const count = 1_000_000
const minute = Math.ceil(Date.now() / 60_000 + 15)
  .toString(16)
  .padStart(7, '0')

const idOf = (place: number) => place.toString(36).padStart(16, '_')

function rowsOf(from: number, through: number): string {
  let rows = ''
  for (let place = Math.max(1, from); place <= through; place += 1) rows += idOf(place) + minute
  return rows
}

describe('a view of 1,000,000 ids', () => {
  it('is loaded page by page, and knows every id', async () => {
    const issuer = createTestIssuer()
    const asked: string[] = []
    const service = {
      async fetch(request: Request) {
        const url = new URL(request.url)
        const [, kind, number = ''] = /\/(since|snapshot)\/(\d+)$/.exec(url.pathname) ?? []
        if (!kind) return issuer.service.fetch(request)
        asked.push(`${kind}/${number}`)
        const places = kind === 'since' ? 1_000 : placesPerPage
        const from = Number(number) * places
        const through = Math.min(count, from + places - 1)
        const nonce = url.searchParams.get('nonce')
        const page = {
          epoch: 'e',
          nowMs: issuer.runtime.nowMs(),
          first: 1,
          head: count,
          from,
          through,
        }
        const proof = nonce === null ? undefined : { nonce, ageMs: 0 }
        return new Response(renderFeed({ ...page, rows: [rowsOf(from, through)], proof }))
      },
    }
    const verifier = createVerifier({ ...issuer.options, service: () => service })
    const token = await issuer.token({ sid: idOf(count + 1) })
    const background: Promise<unknown>[] = []
    const context = { waitUntil: (work: Promise<unknown>) => void background.push(work) }
    expect((await verifier.verify(token, context)).ok).toBe(true)
    await Promise.all(background)
    expect(asked).toEqual(['snapshot/0', 'snapshot/1', 'snapshot/2', 'since/1000'])
    expect(loaderOf(issuer.issuer, issuer.runtime).view.size).toBe(count)
    const reasonOf = async (place: number) => {
      const verified = await verifier.verify(await issuer.token({ sid: idOf(place) }), context)
      return verified.ok ? 'let in' : verified.error.reason
    }
    for (const place of [1, 399_999, 400_000, 500_000, 800_000, 999_999, count]) {
      expect(await reasonOf(place)).toBe('token_revoked')
    }
    expect(await reasonOf(count + 2)).toBe('let in')
  }, 60_000)
})
