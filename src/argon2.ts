// argon2id for the service on Workers, as a published entry of its own. A Worker has it only if it
// imports it. The entry for Deno and Node is argon2-node.ts.

import argon2 from 'argon2-wasm-edge/wasm/argon2.wasm?module'
import blake2b from 'argon2-wasm-edge/wasm/blake2b.wasm?module'
import { createComputeArgon2id } from './argon2/compute-argon2id.ts'
import { createArgon2idFamily } from './service/domain/identity/hashes/argon2id.ts'
import type { PasswordHashFamily } from './service/domain/identity/hashes/password-hash-family.ts'

/**
 * Verifies argon2id hashes that moved in: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, and Django's form
 * of it. At most 64 MiB (`m=65536`), and m × t of at most 524,288, which takes less than a second. The
 * 64 MiB stay with the isolate or process. Needs the package `argon2-wasm-edge`.
 *
 * @example
 * ```ts
 * import { argon2id } from 'portcullis/argon2'
 * import { createWorker } from 'portcullis/server'
 *
 * export default createWorker({ passwordHashes: [argon2id] })
 * ```
 */
export const argon2id: PasswordHashFamily = createArgon2idFamily(
  createComputeArgon2id(() => ({ argon2, blake2b })),
)
