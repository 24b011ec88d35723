// Reads JSON from others, without throwing.

import { decodeUtf8 } from '../crypto/utf8.ts'

/** A JSON object. Nothing is known of its members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The object in a JSON text, or in its UTF-8 bytes. Undefined when it is not JSON, not an object,
 * or not UTF-8. A byte order mark is not accepted. Never throws.
 *
 * @see RFC 8259 §8.1
 */
export function parseJsonObject(json: string | Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(typeof json === 'string' ? json : decodeUtf8(json))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
