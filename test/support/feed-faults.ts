// Faults in an answer of the revocation feed, in addition to those of any answer.

import type { Fault, Rewrite } from './proxy.ts'

type Head = Record<string, unknown>

/** The same answer with another first line. */
export function withHead(change: (head: Head) => Head): Rewrite {
  return (body) => {
    const end = body.indexOf('\n')
    return `${JSON.stringify(change(JSON.parse(body.slice(0, end))))}${body.slice(end)}`
  }
}

const shiftClock = (byMs: number) =>
  withHead((head) => ({ ...head, now_ms: Number(head.now_ms) + byMs }))

/** Answers that a guard must refuse. */
const rewrites = {
  'lacks its last row': (body) => body.slice(0, -23),
  'is empty': () => '',
  'is of another version': withHead((head) => ({ ...head, version: 2 })),
  // From a cache that ignores the query and has kept the answer for long.
  'answers another question': withHead(({ nonce, ...head }) => ({
    ...head,
    now_ms: Number(head.now_ms) - 100_000,
    ...(nonce !== undefined && { nonce: 'AAAAAAAAAAAAAAAA' }),
  })),
  'is another part than was asked for': withHead((head) => ({ ...head, from: 1_000 })),
  'names no epoch': withHead(({ epoch: _, ...head }) => head),
  'has a head that is no number of places': withHead((head) => ({ ...head, head: 1e300 })),
  'has a row that is none': (body) => `${body.slice(0, -23)}!${body.slice(-22)}`,
  'has a minute that is none': (body) => `${body.slice(0, -1)}g`,
  'comes from a database whose clock is 300 s ahead': shiftClock(300_000),
  'comes from a database whose clock is 300 s behind': shiftClock(-300_000),
  'never ends': (body) => body + ' '.repeat(10_000_000),
} satisfies Record<string, Rewrite>

interface FaultAndSentence {
  readonly fault: FeedFault
  readonly sentence: RegExp
}

export type FeedFault = Fault | keyof typeof rewrites

/** Each fault, and the sentence about it in the log of a guard. */
export const feedFaults: readonly FaultAndSentence[] = [
  { fault: 'hangs', sentence: /did not answer within 3 s/ },
  { fault: 'stalls in the answer', sentence: /did not answer within 3 s/ },
  {
    fault: 'cuts the connection',
    sentence: /cannot be fetched: .*; check that the service runs, and the issuer/,
  },
  {
    fault: 'cuts the answer',
    sentence: /cannot be fetched: .*; check that the service runs, and the issuer/,
  },
  { fault: 'answers 404', sentence: /status 404; check the issuer/ },
  { fault: 'answers 500', sentence: /status 500; check that the service runs/ },
  { fault: 'answers 502 with HTML', sentence: /HTML page.*service binding.*Custom Domain/ },
  { fault: 'answers 429', sentence: /status 429; check that the service runs/ },
  { fault: 'answers 401', sentence: /status 401; check that the service runs/ },
  { fault: 'answers HTML', sentence: /HTML page.*service binding.*Custom Domain/ },
  { fault: 'answers truncated JSON', sentence: /a revocation feed with parts missing/ },
  { fault: 'answers an empty object', sentence: /no revocation feed; check the issuer/ },
  { fault: 'redirects', sentence: /redirect/ },
  { fault: 'lacks its last row', sentence: /a revocation feed with parts missing/ },
  { fault: 'is empty', sentence: /no revocation feed; check the issuer/ },
  { fault: 'is of another version', sentence: /is of version 2, not 1; update the package here/ },
  {
    fault: 'answers another question',
    sentence: /a cache on the way ignores the query; turn it off/,
  },
  {
    fault: 'is another part than was asked for',
    sentence: /with the wrong part; check caches/,
  },
  { fault: 'names no epoch', sentence: /a revocation feed with parts missing/ },
  {
    fault: 'has a head that is no number of places',
    sentence: /a revocation feed with parts missing/,
  },
  { fault: 'has a row that is none', sentence: /it has an invalid row/ },
  { fault: 'has a minute that is none', sentence: /it has an invalid row/ },
  {
    fault: 'comes from a database whose clock is 300 s ahead',
    sentence: /(29[5-9]|30[01]) s apart, more than 240/,
  },
  {
    fault: 'comes from a database whose clock is 300 s behind',
    sentence: /(29[5-9]|30[01]) s apart, more than 240/,
  },
  { fault: 'never ends', sentence: /is larger than [\d.]+ KiB/ },
]

/** The fault in the form that `setFault` of a proxy takes. */
export function faultOf(fault: FeedFault): Fault | Rewrite {
  return fault in rewrites ? rewrites[fault as keyof typeof rewrites] : (fault as Fault)
}
