import type { Context } from 'hono'
import type { Reason } from '../../errors/reasons.ts'
import type { Refusal } from '../../errors/token-refusals.ts'

/** The envelope of the contract, OAuth's own form of errors (RFC 6749 §5.2), or a page. */
export type RefusalForm = 'envelope' | 'oauth' | RefusalPage

/** Makes a page of a refusal. `c` has the refusal's headers and reason already. */
export type RefusalPage = (c: Context<ServiceEnv>, refusal: Refusal) => Response

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
