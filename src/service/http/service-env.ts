import type { Reason } from '../../errors/reasons.ts'

/** Hono's Env of the service: facts about this request. */
export interface ServiceEnv {
  Variables: {
    requestId: string
    /** Why the request was refused, for the log. */
    reason: Reason
    /** The bug or outage behind a 5xx, for the log. */
    failure: unknown
  }
}
