import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FeedAnswer, parseFeed, renderFeed, renderRow } from '../../src/token/feed-format.ts'

const answer: FeedAnswer = {
  epoch: '0123456789abcdef01234567',
  nowMs: 1_800_000_000_123,
  first: 3,
  head: 1_002,
  from: 1_000,
  through: 1_002,
  rows: [renderRow('a'.repeat(16), 1_800_000_900), renderRow('b'.repeat(16), 1_800_000_901)],
  proof: { nonce: 'n'.repeat(16), ageMs: 7 },
}

/** The text with its first line changed. */
function withHead(change: (head: Record<string, unknown>) => unknown): string {
  const [line = '', rows = ''] = renderFeed(answer).split('\n')
  return `${JSON.stringify(change(JSON.parse(line)))}\n${rows}`
}

describe('the format of the feed', () => {
  it('is a line of JSON, and rows of 23 characters', () => {
    expect(renderFeed(answer)).toBe(
      '{"version":1,"epoch":"0123456789abcdef01234567","now_ms":1800000000123,"first":3,"head":1002,"from":1000,"through":1002,"rows":2,"nonce":"nnnnnnnnnnnnnnnn","age_ms":7}\n' +
        'aaaaaaaaaaaaaaaa1c9c38fbbbbbbbbbbbbbbbb1c9c390',
    )
  })

  it('has rows of 23 characters for every minute', () => {
    expect(renderRow('a'.repeat(16), 0)).toBe('aaaaaaaaaaaaaaaa0000000')
    expect(renderRow('a'.repeat(16), 2 ** 32 - 1)).toBe('aaaaaaaaaaaaaaaa4444445')
  })

  it('reads back what it writes', () => {
    const read = (written: FeedAnswer) => parseFeed(renderFeed(written))
    expect(read(answer)).toEqual({ ok: true, value: { ...answer, rows: [answer.rows.join('')] } })
    const bare = { ...answer, rows: [], proof: undefined }
    expect(read(bare)).toEqual({ ok: true, value: { ...bare, rows: [''] } })
  })

  it('ignores unknown members', () => {
    expect(parseFeed(withHead((head) => ({ ...head, later: true })))).toMatchObject({ ok: true })
  })

  it.each([
    ['nothing', '', /no revocation feed/],
    ['no line', '{"version":1}', /no revocation feed/],
    ['a line of something else', 'hello\n', /no revocation feed/],
    ['a list', '[1]\n', /no revocation feed/],
    ['null', 'null\n', /no revocation feed/],
    ['another version', withHead((head) => ({ ...head, version: 2 })), /version 2, not 1; update/],
    ['a row too few', renderFeed(answer).slice(0, -23), /parts missing/],
    ['a cut row', renderFeed(answer).slice(0, -1), /parts missing/],
    ['a row too many', `${renderFeed(answer)}${'a'.repeat(23)}`, /parts missing/],
    ['no epoch', withHead(({ epoch: _, ...head }) => head), /parts missing/],
    ['a head that is text', withHead((head) => ({ ...head, head: '5' })), /parts missing/],
    ['a negative place', withHead((head) => ({ ...head, from: -1 })), /parts missing/],
    ['half a place', withHead((head) => ({ ...head, through: 0.5 })), /parts missing/],
    ['more than there is', withHead((head) => ({ ...head, through: 1_003 })), /parts missing/],
    ['a first beyond the head', withHead((head) => ({ ...head, first: 1_004 })), /parts missing/],
    ['no time', withHead(({ now_ms: _, ...head }) => head), /parts missing/],
  ])('is invalid: %s', (_, text, sentence) => {
    const parsed = parseFeed(text)
    expect(parsed.ok ? 'taken' : parsed.error).toMatch(sentence)
  })

  it('never throws, whatever the input', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `${json}\nx`),
        ),
        (text) => {
          expect(parseFeed(text).ok).toBe(false)
        },
      ),
    )
  })
})
