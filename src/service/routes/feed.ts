// The revocation feed, for guards anywhere: public, for it holds opaque ids and nothing else. Its
// format is its own (docs/feed.md); refusals are in the envelope of the contract.

import { type Context, Hono } from 'hono'
import { etag } from 'hono/etag'
import * as v from 'valibot'
import { isOpaqueId, opaqueIdForm } from '../../crypto/random-id.ts'
import { feedVersion, renderFeed } from '../../token/feed-format.ts'
import type { Deps } from '../domain/deps.ts'
import { checkRevocations } from '../domain/feed/check.ts'
import type { AgedPage } from '../domain/feed/feed.ts'
import { readJsonBody } from '../http/json-body.ts'
import { respondInputRefused, respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** As long as an isolate shares what it has read. */
const cacheControl = 'public, max-age=1, must-revalidate'
const maxIdsPerCheck = 64

/** `/auth/feed/*` */
export function feedRoutes(deps: Deps): Hono<ServiceEnv> {
  const { feed } = deps
  return new Hono<ServiceEnv>()
    .get('/since/:segment', etag(), async (c) => {
      const number = parseNumber(c.req.param('segment'))
      return respondWithPage(
        c,
        deps,
        number === undefined ? number : await feed.findSegment(number),
      )
    })
    .get('/snapshot/:page', etag(), async (c) => {
      const number = parseNumber(c.req.param('page'))
      return respondWithPage(c, deps, number === undefined ? number : await feed.findPage(number))
    })
    .post('/check', checkHandler(deps))
}

function respondWithPage(c: Context<ServiceEnv>, deps: Deps, page: AgedPage | undefined): Response {
  if (!page) return respondRefused(c, deps, 'not_found')
  const { ageMs, ...answer } = page
  const nonce = parseNonce(c.req.query('nonce'))
  const proof = nonce === undefined ? undefined : { nonce, ageMs: Math.ceil(Math.max(0, ageMs)) }
  return c.body(renderFeed({ ...answer, proof }), 200, {
    'Content-Type': 'text/plain; charset=us-ascii',
    'Cache-Control': proof ? 'no-store' : cacheControl,
    // What was read at one moment, of one stretch: the body is always the same.
    ETag: `"${nonce ?? `${page.epoch}-${page.from}-${page.nowMs}`}"`,
  })
}

function checkHandler(deps: Deps) {
  return async (c: Context<ServiceEnv>) => {
    const body = await readJsonBody(c, question)
    if (!body.ok) return respondInputRefused(c, deps, body.error)
    const { ids, nonce } = body.value
    const { nowMs, revoked } = await checkRevocations(deps.database, ids)
    return c.json({ version: feedVersion, now_ms: nowMs, revoked, nonce })
  }
}

const opaqueId = v.pipe(
  v.string('Give ids as strings.'),
  v.regex(opaqueIdForm, 'Give ids of 16 characters of base64url.'),
)

const question = v.object({
  ids: v.pipe(
    v.array(opaqueId, 'Give the ids as a list.'),
    v.minLength(1, 'Give at least one id.'),
    v.maxLength(maxIdsPerCheck, `Give at most ${maxIdsPerCheck} ids.`),
  ),
  nonce: v.optional(opaqueId),
})

/** The one spelling of a number, as a path has it. */
function parseNumber(text: string): number | undefined {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}

/** Repeated in the answer, so that it is known to be newer than the question. */
function parseNonce(text: string | undefined): string | undefined {
  return isOpaqueId(text) ? text : undefined
}
