import type { Runtime } from '../runtime/runtime.ts'
import { encodeBase64Url } from './base64url.ts'

/** The length of an opaque id, in bytes. */
export const idBytes = 12

/**
 * A fresh opaque id: 96 random bits as 16 characters of base64url. Used for session ids, token ids
 * and token generations.
 */
export function createRandomId(runtime: Pick<Runtime, 'randomBytes'>): string {
  return encodeBase64Url(runtime.randomBytes(idBytes))
}

/** The form of an opaque id. */
export const opaqueIdForm = /^[A-Za-z0-9_-]{16}$/

/** Whether a value is an opaque id: 16 characters of base64url. */
export function isOpaqueId(value: unknown): value is string {
  return typeof value === 'string' && opaqueIdForm.test(value)
}
