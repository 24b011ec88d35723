// Reads JSON bodies strictly. First it checks that the body is a JSON object in UTF-8, with the
// right media type. Then it checks the fields, and reports all of their problems at once.

import type { Context } from 'hono'
import * as v from 'valibot'
import {
  type FieldProblem,
  type InputReason,
  type Result,
  refuse,
  succeed,
} from '../../errors/reasons.ts'
import { isObject } from '../../token/json.ts'
import type { BodySchema } from './body-schema.ts'
import type { InputRefusal } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

/** A body is read whole, so it has a limit. */
export const maxBodyBytes = 16 * 1024

/** The body in the shape of `schema`, without members that the schema does not know. */
export async function readJsonBody<const S extends BodySchema>(
  c: Context<ServiceEnv>,
  schema: S,
): Promise<Result<v.InferOutput<S>, InputRefusal>> {
  return parseBody(c, schema, await c.req.arrayBuffer())
}

/** As `readJsonBody`, but no body counts as an empty object. */
export async function readOptionalJsonBody<const S extends BodySchema>(
  c: Context<ServiceEnv>,
  schema: S,
): Promise<Result<v.InferOutput<S>, InputRefusal>> {
  const bytes = await c.req.arrayBuffer()
  return bytes.byteLength === 0 ? parseFields(schema, {}) : parseBody(c, schema, bytes)
}

function parseBody<const S extends BodySchema>(
  c: Context<ServiceEnv>,
  schema: S,
  bytes: ArrayBuffer,
): Result<v.InferOutput<S>, InputRefusal> {
  const object = parseJsonObject(c, bytes)
  return object.ok ? parseFields(schema, object.value) : refuse({ reason: object.error })
}

function parseFields<const S extends BodySchema>(
  schema: S,
  object: object,
): Result<v.InferOutput<S>, InputRefusal> {
  const parsed = v.safeParse(schema, object)
  if (parsed.success) return succeed(parsed.output)
  return refuse({ reason: 'invalid_input', errors: parsed.issues.map(fieldProblem) })
}

function parseJsonObject(c: Context<ServiceEnv>, bytes: ArrayBuffer): Result<object, InputReason> {
  if (bytes.byteLength === 0) return refuse('body_missing')
  if (!isJsonMediaType(c.req.header('Content-Type'))) return refuse('unsupported_media_type')
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes),
    )
    return isObject(value) ? succeed(value) : refuse('body_not_object')
  } catch {
    return refuse('invalid_json')
  }
}

/** Whether a Content-Type says JSON. */
export function isJsonMediaType(contentType: string | undefined): boolean {
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  return mediaType === 'application/json' || /^application\/[\w.-]+\+json$/.test(mediaType)
}

function fieldProblem(issue: v.GenericIssue): FieldProblem {
  const { kind, input, message } = issue
  // If the type is right, the sentence is about the value.
  const isType = kind === 'schema'
  const sentence = isType ? `${message.replace(/\.$/, '')}: ${whatCame(input)}.` : message
  return { field: v.getDotPath(issue) ?? '', message: sentence }
}

/** The type of a value, never the value itself. */
function whatCame(input: unknown): string {
  if (input === undefined) return 'it is missing'
  if (input === null) return 'it is null'
  if (Array.isArray(input)) return 'it is a list'
  return typeof input === 'object' ? 'it is an object' : `it is a ${typeof input}`
}
