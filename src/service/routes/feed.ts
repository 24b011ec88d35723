// The revocation feed, for guards anywhere. It is public, because it holds only opaque ids. Its
// format is its own (docs/reference/feed-format.md). Refusals are in the envelope of the contract.

import type { Context } from 'hono'
import * as v from 'valibot'
import { isOpaqueId, opaqueIdForm } from '../../crypto/random-id.ts'
import { refuse, succeed } from '../../errors/reasons.ts'
import { feedVersion, renderFeedHead, streamSeconds } from '../../token/feed-format.ts'
import type { AgedPage } from '../domain/feed/aged-page.ts'
import { checkRevocations } from '../domain/feed/check.ts'
import { bodyOf } from '../http/body-schema.ts'
import { defineRoute } from '../http/route.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** The time for which an isolate shares what it has read. */
const cacheControl = 'public, max-age=1, must-revalidate'
const maxIdsPerCheck = 64
const longestBeatMs = 3_000
/** A proxy that compresses or collects frames would hold them back. */
const unbuffered = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' }
const nonceMissing = {
  field: 'nonce',
  message: 'With follow, give a nonce of 16 characters of base64url.',
}

const opaqueId = v.pipe(
  v.string('Give each id as a string.'),
  v.regex(opaqueIdForm, 'Give ids of 16 characters of base64url.'),
)

const question = bodyOf({
  ids: v.pipe(
    v.array(opaqueId, 'Give the ids as a list.'),
    v.minLength(1, 'Give at least one id.'),
    v.maxLength(maxIdsPerCheck, `Give at most ${maxIdsPerCheck} ids.`),
  ),
  nonce: v.optional(opaqueId),
})

const segmentRoute = defineRoute({
  name: 'feedSegment',
  method: 'GET',
  path: '/feed/since/:segment',
  credential: 'none',
  limits: 'none',
  refusals: ['not_found'],
  audit: [],
  asksDatabase: true,
  success: 200,
  hasEtag: true,
  query: {
    follow: { least: 1, most: streamSeconds },
    beat_ms: { least: 500, most: longestBeatMs },
    after: { least: 0 },
  },
  async handle({ feed, runtime }, { c, params, query }) {
    const askedAtMs = runtime.elapsedMs()
    const number = parseNumber(params.segment)
    const segment = number === undefined ? undefined : await feed.findSegment(number)
    if (!segment) return refuse('not_found')
    const { follow, beat_ms: beatMs = longestBeatMs, after = segment.from - 1 } = query
    const heldMs = follow && Math.floor(Math.max(0, runtime.elapsedMs() - askedAtMs))
    const { nonce, head, headers } = beginAnswer(c, segment, heldMs)
    if (follow === undefined) return succeed(c.body(head + segment.rows.join(''), 200, headers))
    if (nonce === undefined) return refuse({ reason: 'invalid_input', errors: [nonceMissing] })
    const epoch = c.req.query('epoch') ?? segment.epoch
    // The place may be older than the segment of the path.
    if (!feed.pageAfter(after, epoch)) return refuse('not_found')
    const question = { after, epoch, nonce, askedAtMs, forMs: follow * 1_000, beatMs }
    // An ordinary answer that says how long it was held: the isolate has too many streams.
    const frames = feed.streams.begin(question) ?? head + segment.rows.join('')
    return succeed(c.body(frames, 200, { ...headers, ...unbuffered }))
  },
})

const snapshotRoute = defineRoute({
  name: 'feedSnapshot',
  method: 'GET',
  path: '/feed/snapshot/:page',
  credential: 'none',
  limits: 'none',
  refusals: ['not_found', 'snapshot_busy'],
  audit: [],
  asksDatabase: true,
  success: 200,
  hasEtag: true,
  async handle({ feed }, { c, params }) {
    const number = parseNumber(params.page)
    if (number === undefined) return refuse('not_found')
    const page = await feed.findPage(number)
    if (!page.ok) return page
    const { head, headers } = beginAnswer(c, page.value)
    const body = feed.answers.begin([head, ...page.value.rows])
    return body === undefined ? refuse('snapshot_busy') : succeed(c.body(body, 200, headers))
  },
})

const checkRoute = defineRoute({
  name: 'checkRevocations',
  method: 'POST',
  path: '/feed/check',
  credential: 'none',
  body: () => question,
  limits: 'check',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, body: { ids, nonce } }) {
    const { nowMs, revoked } = await checkRevocations(deps, ids)
    return succeed(c.json({ version: feedVersion, now_ms: nowMs, revoked, nonce }))
  },
})

/** The routes that guards follow. */
export const feedRoutes = [segmentRoute, snapshotRoute, checkRoute] as const

/** The first line of an answer, and its headers. */
function beginAnswer(c: Context<ServiceEnv>, { ageMs: age, ...page }: AgedPage, heldMs?: number) {
  const nonce = parseNonce(c.req.query('nonce'))
  const ageMs = Math.ceil(Math.max(0, age))
  const proof =
    nonce === undefined ? undefined : { nonce, ageMs, ...(heldMs !== undefined && { heldMs }) }
  const headers = {
    'Content-Type': 'text/plain; charset=us-ascii',
    'Cache-Control': proof ? 'no-store' : cacheControl,
    // The same stretch that was read at the same moment always gives the same body.
    ETag: `"${nonce ?? `${page.epoch}-${page.from}-${page.nowMs}`}"`,
  }
  return { nonce, head: renderFeedHead({ ...page, proof }), headers }
}

/** A number of a path, in its one spelling. */
function parseNumber(text: string): number | undefined {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}

/** The answer repeats the nonce, to prove that it is newer than the question. */
function parseNonce(text: string | undefined): string | undefined {
  return isOpaqueId(text) ? text : undefined
}
