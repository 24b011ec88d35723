// What every form must be that a page takes: within the limits, from a page of this service, and
// shown to this browser.

import type { Context } from 'hono'
import { type Result, refuse } from '../../errors/reasons.ts'
import type { Refusal } from '../../errors/token-refusals.ts'
import { isCrossSite } from '../../token/cookie.ts'
import type { Deps } from '../domain/deps.ts'
import { limitByAddress } from '../http/request-limits.ts'
import type { RequestRefusal } from '../http/respond.ts'
import type { LimitClass } from '../http/route-refusals.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import type { PageTexts } from './texts/text.ts'

/** Whether a body is a form that pages send. */
function isFormType(contentType = ''): boolean {
  return /^application\/x-www-form-urlencoded *(;|$)/i.test(contentType)
}

/** The fields of a form that pages send, or undefined if the body is none. No round trip. */
export async function readForm(c: Context<ServiceEnv>): Promise<URLSearchParams | undefined> {
  if (!isFormType(c.req.header('Content-Type'))) return undefined
  // Not `text()`: workerd warns of it at this media type.
  return new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()))
}

/**
 * Refuses with 'cross_site_request' what another site may have sent. That counts for no limit:
 * another site could use up the limits of its visitors. Refuses with 'too_many_from_address'.
 * Refuses with 'cross_site_request' what is not genuine. No round trip.
 */
export async function checkForm(
  c: Context<ServiceEnv>,
  deps: Deps,
  limits: LimitClass,
  isGenuine: () => Promise<boolean>,
): Promise<Result<undefined, RequestRefusal>> {
  const crossSite = refuse<RequestRefusal>({ reason: 'cross_site_request' })
  if (isFromElsewhere(c.req.raw, new URL(deps.settings.issuer).origin)) return crossSite
  const allowed = await limitByAddress(c, deps, limits)
  return !allowed.ok || (await isGenuine()) ? allowed : crossSite
}

/** What a page says about a refusal that has no sentence of its own. */
export function noticeOf(texts: PageTexts, { status }: Pick<Refusal, 'status'>): string {
  if (status === 403) return texts.formExpired
  return status === 429 ? texts.tooMany : texts.unavailable
}

/**
 * As `isCrossSite`, for the service's own origin. A page without a referrer sends `Origin: null`.
 * In browsers without `Sec-Fetch-Site` the form token alone decides then.
 */
function isFromElsewhere(request: Request, own: string): boolean {
  const isUnnamed =
    request.headers.get('Origin') === 'null' && !request.headers.has('Sec-Fetch-Site')
  return !isUnnamed && isCrossSite(request, (origin) => origin === own)
}
