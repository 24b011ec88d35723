import type { Reason } from '../../errors/reasons.ts'

/** The envelope of the contract, or OAuth's own form of errors (RFC 6749 §5.2). */
export type RefusalForm = 'envelope' | 'oauth'

/** Hono's Env of the service: facts about this request. */
export interface ServiceEnv {
  /** In `c.var`. */
  Variables: {
    requestId: string
    /** The form of refusals for this request. Default: the envelope. */
    refusalForm: RefusalForm | undefined
    /** Why the request was refused, for the log. */
    reason: Reason
    /** The bug or outage behind a 5xx, or behind tokens that could not be signed, for the log. */
    failure: unknown
  }
}
