// argon2id (RFC 9106) in its usual text. Its form and bounds are known here, and the computation
// comes from `portcullis/argon2`. So only those who want it have it in their Worker.

import { encodeUtf8 } from '../../../../crypto/utf8.ts'
import { type Result, refuse, succeed } from '../../../../errors/reasons.ts'
import { decodeBareBase64, isSameDigest, readable } from './encodings.ts'
import type { PasswordHashFamily, StoredHash } from './password-hash-family.ts'

/** What is computed, by the names of RFC 9106 §3.1. */
export interface Argon2idInput {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  /** In KiB. */
  readonly memory: number
  readonly passes: number
  readonly lanes: number
  readonly tagBytes: number
}

/** Computes the tag. Undefined if there is no memory for it. */
export type ComputeArgon2id = (input: Argon2idInput) => Uint8Array | undefined

const maxMemory = 65_536
/** Memory times passes. It takes less than a second of processor time. */
const maxWork = 524_288
const maxLanes = 16
/** Django puts `argon2` before it. */
const form =
  /^(?:argon2)?\$argon2id\$v=19\$m=(\d{1,12}),t=(\d{1,12}),p=(\d{1,12})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. Without `compute`, it is known and not verified. */
export function createArgon2idFamily(compute?: ComputeArgon2id): PasswordHashFamily {
  return { name: 'argon2id', parse: (text) => parseArgon2id(text, compute) }
}

function parseArgon2id(
  text: string,
  compute: ComputeArgon2id | undefined,
): Result<StoredHash, string> | undefined {
  if (!/^(?:argon2)?\$argon2/.test(text)) return undefined
  const [whole, m, t, p, saltText = '', tagText = ''] = form.exec(text) ?? []
  if (whole === undefined) {
    return refuse('The hash is cut or damaged, or not argon2id of version 19, which is possible.')
  }
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
  const [salt, tag] = [decodeBareBase64(saltText), decodeBareBase64(tagText)]
  const problem = problemOf(memory, passes, lanes)
  if (problem) return refuse(problem)
  if (!isOfSize(salt, 8) || !isOfSize(tag, 16)) {
    return refuse('The argon2id hash is cut or damaged: a salt has 8 to 64 bytes, a tag 16 to 64.')
  }
  if (!compute) return succeed({ needs: 'portcullis/argon2' })
  return succeed({
    async verify(password) {
      const work = { memory, passes, lanes, tagBytes: tag.length }
      const computed = compute({ password: encodeUtf8(password), salt, ...work })
      const problem = `There was no memory for an argon2id hash of ${readable(memory)} KiB.`
      return computed ? isSameDigest(computed, tag) : { problem }
    },
  })
}

function problemOf(memory: number, passes: number, lanes: number): string | undefined {
  if (memory > maxMemory) {
    return `argon2id with m=${readable(memory)}: possible are at most ${readable(maxMemory)} KiB.`
  }
  if (memory * passes > maxWork) {
    const given = `m=${readable(memory)}, t=${readable(passes)}`
    return `argon2id with ${given}: possible is m × t of at most ${readable(maxWork)}.`
  }
  const isRight = passes >= 1 && lanes >= 1 && lanes <= maxLanes && memory >= 8 * lanes
  return isRight
    ? undefined
    : `The numbers of the argon2id hash are not possible: t is at least 1, p is 1 to ${maxLanes}, and m is at least 8 × p.`
}

function isOfSize(bytes: Uint8Array | undefined, min: number): bytes is Uint8Array {
  return bytes !== undefined && bytes.length >= min && bytes.length <= 64
}
