// What a change needs that asks for no password: a fresh login, and its refresh token (decision
// 35).

import type { InvalidInput } from '../../../errors/reasons.ts'
import type { Deps } from '../deps.ts'

/** How long ago the login may be, in seconds. */
export const freshLoginSeconds = 300

/** The session has proved who it is too long ago. */
export interface NotFresh {
  readonly reason: 'login_not_fresh'
  /** How long ago it may be. */
  readonly maxAgeSeconds: number
}

/** The refusal of a login that is not fresh. */
export const notFresh: NotFresh = { reason: 'login_not_fresh', maxAgeSeconds: freshLoginSeconds }

/** An access token alone is no proof: every API that the user asks has it. */
export function withoutProof(
  { settings }: Pick<Deps, 'settings'>,
  field: string,
  otherProof = '',
): InvalidInput {
  const proof = settings.tokenTransport === 'cookie' ? 'cookies' : 'refresh_token'
  const message = `Give ${otherProof}the ${proof} of a login within the last ${freshLoginSeconds} seconds.`
  return { reason: 'invalid_input', errors: [{ field, message }] }
}
