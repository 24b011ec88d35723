// What happened to an account, for its owner.

import { type Result, succeed, type UserTokenReason } from '../../../errors/reasons.ts'
import { type EventPage, type ListedEvent, listEventsByToken } from '../../store/audit-listing.ts'
import type { Deps } from '../deps.ts'
import { verifyUserToken } from '../tokens/user-token.ts'

/** An event as the owner of the account sees it, and whether it is of the caller's session. */
export interface OwnEvent extends ListedEvent {
  readonly isCurrent: boolean
}

/** A page of events. */
export interface OwnEvents {
  readonly events: readonly OwnEvent[]
  /** The id to ask for the next page with; undefined if there is none. */
  readonly next: number | undefined
}

/**
 * A page of the events of the token's account, newest first. An attempt without a success has the
 * outcome `failed`. So has one whose password is being checked at this moment. No round trip for a
 * bad token, one for any other.
 */
export async function listOwnEvents(
  deps: Pick<Deps, 'database' | 'runtime' | 'accessTokens'>,
  token: string,
  { limit, before }: EventPage,
): Promise<Result<OwnEvents, UserTokenReason>> {
  const verified = await verifyUserToken(deps, token)
  if (!verified.ok) return verified
  const { sessionId } = verified.value
  // One more tells whether there is a next page.
  const page = { limit: limit + 1, before }
  const listed = await listEventsByToken(deps.database, verified.value, page)
  if (!listed.ok) return listed
  return succeed(ownEventsOf(listed.value, sessionId, limit))
}

/** Events as the owner of the account sees them: `limit` of them, and whether there are more. */
export function ownEventsOf(
  listed: readonly ListedEvent[],
  sessionId: string,
  limit: number,
): OwnEvents {
  const events = listed.slice(0, limit).map((event) => ({
    ...event,
    outcome: event.outcome === 'attempted' ? 'failed' : event.outcome,
    isCurrent: event.sessionId === sessionId,
  }))
  return { events, next: listed.length > limit ? events.at(-1)?.seq : undefined }
}
