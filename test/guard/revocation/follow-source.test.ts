// How the source of a guard reads a followed answer.

import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createRemoteSource } from '../../../src/guard/revocation/remote-source.ts'
import { type FeedAnswer, renderFeed, renderRow } from '../../../src/token/feed-format.ts'
import type { PulledPage } from '../../../src/token/revocation-source.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const issuer = 'https://auth.example.com'
const row = (number: number) => renderRow(`id${String(number).padStart(14, '0')}`, 1_800_000_900)

let time: VirtualTime
beforeEach(() => {
  time = new VirtualTime()
})

interface Frame extends Partial<Omit<FeedAnswer, 'proof'>> {
  readonly ageMs?: number
  readonly heldMs?: number
  /** Another nonce than that of the question. */
  readonly nonce?: string
}

function textOf(frame: Frame, nonce: string): string {
  const { ageMs = 0, heldMs, nonce: other = nonce, ...answer } = frame
  const places = { epoch: 'e', nowMs: 1_800_000_000_000, first: 1, head: 0, from: 1, through: 0 }
  const proof = { nonce: other, ageMs, ...(heldMs !== undefined && { heldMs }) }
  return renderFeed({ ...{ ...places, rows: [], ...answer }, proof }) + lineBreak(heldMs)
}

/** A frame ends with a line break, and an ordinary answer does not. */
const lineBreak = (heldMs: number | undefined) => (heldMs === undefined ? '' : '\n')

/** The pages that a source takes from a body, and how it ends. */
async function follow(
  bodyOf: (nonce: string) => ReadableStream<Uint8Array> | string,
  take: (page: PulledPage) => boolean = () => true,
) {
  const asked: URL[] = []
  const service = {
    async fetch({ url }: Request) {
      asked.push(new URL(url))
      return new Response(bodyOf(new URL(url).searchParams.get('nonce') ?? ''))
    },
  }
  const source = createRemoteSource({ issuer, service: () => service }, time.runtime)
  const pages: PulledPage[] = []
  const ended = await source.follow?.(
    1_999,
    {},
    {
      followed: { epoch: 'e', head: 1_999 },
      beatMs: 2_500,
      take(page) {
        pages.push(page)
        return take(page)
      },
    },
  )
  return { pages, ended, asked }
}

/** A body in pieces. Before each piece, this time passes. */
function inPieces(pieces: readonly string[], pauseMs = 0): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream(
    {
      pull(controller) {
        const piece = left.shift()
        if (piece === undefined) return controller.close()
        time.nowMs += pauseMs
        controller.enqueue(new TextEncoder().encode(piece))
      },
    },
    { highWaterMark: 0 },
  )
}

describe('a followed answer', () => {
  it('is asked for with the place, the history and a nonce', async () => {
    const { asked } = await follow((nonce) => textOf({ heldMs: 0 }, nonce))
    expect(asked.map(({ pathname }) => pathname)).toEqual(['/auth/feed/since/1'])
    const query = Object.fromEntries(asked[0]?.searchParams ?? [])
    const nonce = expect.stringMatching(/^[\w-]{16}$/)
    expect(query).toEqual({ after: '1999', epoch: 'e', follow: '20', beat_ms: '2500', nonce })
  })

  it('gives the same pages, wherever the network cuts it into pieces', async () => {
    const frames: Frame[] = [
      { heldMs: 0 },
      { heldMs: 1_000, head: 2, from: 1, through: 2, rows: [row(1) + row(2)] },
      { heldMs: 2_000, head: 3, from: 3, through: 3, rows: [row(3)] },
      { heldMs: 4_000, head: 3, from: 4, through: 3 },
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(900), { maxLength: 12 }), async (cuts) => {
        const { pages, ended } = await follow((nonce) => {
          const text = frames.map((frame) => textOf(frame, nonce)).join('')
          const places = [0, ...cuts.sort((a, b) => a - b), text.length]
          return inPieces(places.slice(1).map((end, index) => text.slice(places[index], end)))
        })
        expect(ended).toEqual({ ok: true, value: 0 })
        expect(pages.map(({ through, rows }) => [through, rows.join('')])).toEqual([
          [0, ''],
          [2, row(1) + row(2)],
          [3, row(3)],
          [3, ''],
        ])
      }),
    )
  })

  it('counts each frame from when it was made, and never from later than now', async () => {
    const { pages } = await follow((nonce) =>
      inPieces(
        [
          textOf({ heldMs: 0, ageMs: 300 }, nonce),
          textOf({ heldMs: 900, ageMs: 20, nowMs: 1_800_000_002_000 }, nonce),
          // Both clocks run ahead.
          textOf({ heldMs: 90_000, ageMs: 50, nowMs: 1_800_000_090_000 }, nonce),
        ],
        1_000,
      ),
    )
    expect(pages.map(({ ageMs }) => ageMs)).toEqual([300, 20 - 900, 50 - 3_000])
  })

  it('proves the epoch of a frame by the question, whatever the service says of its time', async () => {
    const { pages } = await follow((nonce) =>
      inPieces([textOf({ heldMs: 900, ageMs: 20 }, nonce)], 1_000),
    )
    expect(pages).toMatchObject([{ ageMs: 20 - 900, epochAgeMs: 20 }])
  })

  it('does not believe that a frame was made before the question', async () => {
    const { pages } = await follow((nonce) => {
      time.nowMs -= 5_000
      return textOf({ heldMs: 700, ageMs: 10 }, nonce)
    })
    expect(pages.map(({ ageMs }) => ageMs)).toEqual([10])
  })

  it('is no stream where the service gives one page', async () => {
    const { pages, ended } = await follow((nonce) => textOf({ ageMs: 40 }, nonce))
    expect([pages, ended]).toEqual([[], { ok: true, value: 600 }])
  })

  it('is no stream for a minute where the service has enough of them', async () => {
    const { ended } = await follow((nonce) => textOf({ heldMs: 0 }, nonce).slice(0, -1))
    expect(ended).toEqual({ ok: true, value: 60 })
  })

  it('does not count a frame from later than the clock of the database allows', async () => {
    const nowMs = 1_800_000_000_000
    const { pages } = await follow((nonce) =>
      inPieces(
        [
          textOf({ heldMs: 100, ageMs: 40, nowMs }, nonce),
          // Made after 1,100 ms. It comes late, and the clock of the service was set forward.
          textOf({ heldMs: 9_000, ageMs: 10, nowMs: nowMs + 1_000 }, nonce),
        ],
        5_000,
      ),
    )
    expect(pages.map(({ ageMs }) => ageMs)).toEqual([-60, -1_060])
  })

  it('ends where the guard does not want to go on', async () => {
    const frames = (nonce: string) => textOf({ heldMs: 0 }, nonce).repeat(3)
    const { pages, ended } = await follow(frames, () => false)
    expect([pages.length, ended]).toEqual([1, { ok: true, value: 0 }])
  })

  it.each<[string, (nonce: string) => ReadableStream<Uint8Array> | string, RegExp]>([
    ['nothing', () => '', /no revocation feed/],
    ['another text', () => 'hello', /no revocation feed/],
    [
      'a frame that is the answer to another question',
      (nonce) => textOf({ heldMs: 0 }, nonce) + textOf({ heldMs: 0, nonce: 'x'.repeat(16) }, nonce),
      /answer to another question: a cache on the way/,
    ],
    [
      'half a frame, after a whole one',
      (nonce) => textOf({ heldMs: 0 }, nonce).repeat(2).slice(0, -3),
      /is cut off\.$/,
    ],
    ['a web page', () => '<html>', /HTML page/],
    [
      'a frame without its head',
      (nonce) => textOf({ heldMs: 0 }, nonce).replace('head', 'h'),
      /parts missing\.$/,
    ],
    [
      'rows without an end',
      (nonce) => inPieces(['{"version":1,"rows":9e9}\n', ...Array(100).fill(nonce.repeat(9_999))]),
      /is larger than/,
    ],
  ])('is refused with a sentence for %s', async (_, bodyOf, sentence) => {
    const { ended } = await follow(bodyOf)
    expect(ended).toEqual({ ok: false, error: expect.stringMatching(sentence) })
  })
})
