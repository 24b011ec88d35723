// All reasons why one route refuses, for documents and tests. They are its own reasons, and those
// of what it takes and needs.

import type { Reason } from '../../errors/reasons.ts'
import type { Route, RouteFamily } from './route.ts'
import { credentialRefusals, limitRefusals } from './route-refusals.ts'

const bodyRefusals = [
  'unsupported_media_type',
  'invalid_json',
  'body_not_object',
  'invalid_input',
] as const

/** Every reason that a route can give. */
export function refusalsOf(route: Route, family: RouteFamily): readonly Reason[] {
  const readsBody = route.method === 'POST'
  const hasJsonBody = route.body !== undefined || route.credential === 'refresh_token'
  const isSameSiteOnly = family.isSameSiteOnly === true && route.method !== 'GET'
  const reasons: readonly Reason[] = [
    ...credentialRefusals[route.credential],
    ...limitRefusals[route.limits],
    ...route.refusals,
    ...(hasJsonBody ? bodyRefusals : []),
    ...(route.query ? (['invalid_input'] as const) : []),
    ...(hasJsonBody && !route.isBodyOptional ? (['body_missing'] as const) : []),
    ...(readsBody ? (['body_too_large', 'body_incomplete'] as const) : []),
    ...(isSameSiteOnly ? (['cross_site_request'] as const) : []),
    ...(isSameSiteOnly && readsBody ? (['unsupported_media_type'] as const) : []),
    ...(route.asksDatabase ? (['database_unavailable'] as const) : []),
    'misconfigured',
    'internal',
  ]
  return [...new Set(reasons)]
}
