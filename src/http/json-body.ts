// JSON bodies, strictly: the media type, UTF-8 and an object first, the fields second, and all of
// their problems at once.

import type { Context } from 'hono'
import * as v from 'valibot'
import type { Env } from '../deps.ts'
import { type InputReason, type Result, refuse, succeed } from '../errors/reasons.ts'

/** A body is read whole, so it has a limit. */
export const maxBodyBytes = 16 * 1024

/** A field that does not fit, in words for whoever filled it in. */
interface FieldProblem {
  readonly field: string
  readonly message: string
}

/** Why a body is refused; `errors` where it is for its fields. */
export interface BodyRefusal {
  readonly reason: InputReason
  readonly errors?: readonly FieldProblem[]
}

/** The body in the shape of `schema`, without members that the schema does not know. */
export async function readJsonBody<const S extends v.GenericSchema>(
  c: Context<Env>,
  schema: S,
): Promise<Result<v.InferOutput<S>, BodyRefusal>> {
  const object = await readJsonObject(c)
  if (!object.ok) return refuse({ reason: object.reason })
  const parsed = v.safeParse(schema, object.value)
  if (parsed.success) return succeed(parsed.output)
  return refuse({ reason: 'invalid_input', errors: parsed.issues.map(fieldProblem) })
}

async function readJsonObject(c: Context<Env>): Promise<Result<object, InputReason>> {
  const bytes = await c.req.arrayBuffer()
  if (bytes.byteLength === 0) return refuse('invalid_json')
  if (!isJsonMediaType(c.req.header('Content-Type'))) return refuse('unsupported_media_type')
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes),
    )
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? succeed(value) : refuse('invalid_json')
  } catch {
    return refuse('invalid_json')
  }
}

function isJsonMediaType(contentType: string | undefined): boolean {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  return mediaType === 'application/json' || /^application\/[\w.-]+\+json$/.test(mediaType)
}

function fieldProblem(issue: v.GenericIssue): FieldProblem {
  return { field: v.getDotPath(issue) ?? '', message: issue.message }
}
