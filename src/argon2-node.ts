// The entry of argon2.ts for Deno and Node. They read the modules from the package
// `argon2-wasm-edge` and compile them with the first hash.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createComputeArgon2id } from './argon2/compute-argon2id.ts'
import { compileWasm } from './argon2/wasm.ts'
import { createArgon2idFamily } from './service/domain/identity/hashes/argon2id.ts'
import type { PasswordHashFamily } from './service/domain/identity/hashes/password-hash-family.ts'

const require = createRequire(import.meta.url)
const load = (name: string) =>
  compileWasm(readFileSync(require.resolve(`argon2-wasm-edge/wasm/${name}.wasm`)))

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
  createComputeArgon2id(() => ({ argon2: load('argon2'), blake2b: load('blake2b') })),
)
