// What happened to the caller's account.

import { succeed } from '../../errors/reasons.ts'
import { listOwnEvents, type OwnEvent } from '../domain/audit/list-own-events.ts'
import { respond } from '../http/respond.ts'
import { defineRoute } from '../http/route.ts'
import { formatInstant } from './instant.ts'

const defaultLimit = 50
const maxLimit = 100

const listRoute = defineRoute({
  name: 'listEvents',
  method: 'GET',
  path: '/events',
  credential: 'access_token',
  query: { before: { least: 1 }, limit: { least: 1, most: maxLimit } },
  limits: 'none',
  refusals: [],
  audit: [],
  asksDatabase: true,
  success: 200,
  async handle(deps, { c, token, query: { before, limit = defaultLimit } }) {
    const listed = await listOwnEvents(deps, token, { before, limit })
    if (!listed.ok) return listed
    const { events, next = null } = listed.value
    return succeed(respond(c, { data: { events: events.map(eventMembers), next } }))
  },
})

/** The route of events. */
export const eventRoutes = [listRoute] as const

/** An event, as answers have it. */
export function eventMembers(event: OwnEvent) {
  return {
    id: event.seq,
    event: event.event,
    outcome: event.outcome,
    at: formatInstant(event.at),
    session_id: event.sessionId,
    current: event.isCurrent,
    device: event.device,
    address: event.address,
  }
}
