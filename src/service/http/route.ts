// A route is data. One description gives its mount, its typed input and its refusals. It also gives
// the OpenAPI document, the tables of the documents, and the attacks that every route gets.

import type { Context } from 'hono'
import type * as v from 'valibot'
import type { InvalidInput, Reason, Result } from '../../errors/reasons.ts'
import type { AuditEntry, AuditOutcome } from '../domain/audit-entry.ts'
import type { Deps } from '../domain/deps.ts'
import type { BodySchema } from './body-schema.ts'
import type { Credential, TokenOf } from './credentials.ts'
import type { QueryNumber, QueryOf } from './query-numbers.ts'
import type { CredentialReason, LimitClass, LimitReason } from './route-refusals.ts'
import type { RefusalForm, ServiceEnv } from './service-env.ts'

/** What a handler gets, once the credential and the body are read. */
interface RouteRequest<
  Path extends string,
  C extends Credential,
  Body,
  A extends readonly AuditOutcome[],
  Q extends string,
> {
  readonly c: Context<ServiceEnv>
  /** The parameters of the path, by their names. */
  readonly params: ParamsOf<Path>
  /** The numbers of the query, by their names. */
  readonly query: QueryOf<Q>
  /** The presented token. Only its form is known to be good. */
  readonly token: TokenOf<C>
  /** The body in the shape of the route's schema. */
  readonly body: Body
  /** For the events of the audit, if the route records any. */
  readonly entry: A extends readonly [] ? undefined : AuditEntry
  /** Whether the client has hung up, if the platform reports it. */
  readonly isGone: () => boolean
}

/**
 * Why a handler refuses, and what only it knows. A route with a JSON body may also
 * refuse a field that fits its schema.
 */
type RouteRefusal<R extends Reason> =
  | R
  | {
      readonly reason: R
      readonly retryAfterSeconds?: number
      readonly maxAgeSeconds?: number
      /** For a code that was mailed. A member of the body. */
      readonly handle?: string | undefined
    }
  | InvalidInput

/** `{ id: string }` for `/sessions/:id`. */
type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { readonly [N in Name]: string } & ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? { readonly [N in Name]: string }
    : Readonly<Record<never, string>>

/** One route. `R` are its own reasons, in addition to those of its credential, body and limits. */
export interface RouteOf<
  Path extends string,
  C extends Credential,
  S extends BodySchema,
  L extends LimitClass,
  R extends Reason,
  A extends readonly AuditOutcome[],
  Q extends string,
> {
  /** A unique name: the operation of the OpenAPI document, and the event of the audit. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the path of its family. */
  readonly path: Path
  readonly credential: C
  /** The numbers that its query may have. A wrong one is refused. Default: it reads no query so. */
  readonly query?: Readonly<Record<Q, QueryNumber>>
  /** The schema of a JSON body, from the settings. */
  readonly body?: (deps: Deps) => S
  /** Whether the body may be missing. It is an empty object then. */
  readonly isBodyOptional?: true
  readonly limits: L
  /** Why it refuses. The handler can give no other reason of its own. */
  readonly refusals: readonly R[]
  /**
   * The outcomes that it records in the audit, in the batch of what it does. Routes that only read
   * record none.
   */
  readonly audit: A
  /** Whether it asks the database. If so, it refuses while the database is unavailable. */
  readonly asksDatabase: boolean
  /** The status of a success. Its body is described in scripts/openapi, for the document. */
  readonly success: 200 | 201
  /** Whether clients may ask with `If-None-Match` (RFC 9110 §13.1.2). */
  readonly hasEtag?: true
  /** Whether its path comes before the issuer's, at the root of the host (RFC 8414 §3). */
  readonly isAtHost?: true
  handle(
    deps: Deps,
    request: RouteRequest<Path, C, v.InferOutput<S>, A, Q>,
  ): Promise<Result<Response, RouteRefusal<NoInfer<R> | CredentialReason<C> | LimitReason<L>>>>
}

/** A route of any kind. */
export type Route = RouteOf<
  string,
  Credential,
  BodySchema,
  LimitClass,
  Reason,
  readonly AuditOutcome[],
  string
>

/** Routes that share the beginning of their paths, and the form of their refusals. */
export interface RouteFamily {
  /** Below the issuer, such as `/auth`. */
  readonly path: string
  /** The form of refusals. Default: the envelope. */
  readonly refusalForm?: RefusalForm
  /** Whether changes must come from a page of ours, if tokens travel in cookies. */
  readonly isSameSiteOnly?: true
  readonly routes: readonly Route[]
}

/** Types a route: its parameters by its path, its body by its schema, its reasons by its list. */
export function defineRoute<
  const Name extends string,
  const Path extends string,
  const C extends Credential,
  S extends BodySchema,
  const L extends LimitClass,
  const R extends Reason,
  const A extends readonly AuditOutcome[],
  const Q extends string,
>(route: RouteOf<Path, C, S, L, R, A, Q> & { readonly name: Name }) {
  return route
}
