// Everything personal that is stored of an account, for its owner (GDPR articles 15 and 20).

import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { type AccountExport, exportAccountByToken } from '../../store/account-export.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'
import { type OwnEvents, ownEventsOf } from './list-own-events.ts'

const maxEvents = 1_000

/** The account as its owner sees it. */
export interface OwnExport extends Omit<AccountExport, 'events'>, OwnEvents {
  /** The session of the caller. */
  readonly sessionId: string
}

/**
 * What is stored of the token's account, with its newest 1,000 events. No round trip for a bad
 * token, one for any other.
 */
export async function exportOwnAccount(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
): Promise<Result<OwnExport, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const { sessionId } = verified.value
  // One more tells whether there are more.
  const stored = await exportAccountByToken(deps.database, verified.value, maxEvents + 1)
  if (!stored.ok) return stored
  const { events, ...rest } = stored.value
  return succeed({ ...rest, ...ownEventsOf(events, sessionId, maxEvents), sessionId })
}
