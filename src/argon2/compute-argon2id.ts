// argon2id (RFC 9106) by the WebAssembly of `argon2-wasm-edge`. The JavaScript of that package is not
// used. It waits for a lock that a cancelled request of a Worker never gives back. It takes new
// memory for each hash. Its comparison tells how much was right.

import type { Argon2idInput, ComputeArgon2id } from '../service/domain/identity/hashes/argon2id.ts'
import { createBlake2b, createLongHash, littleEndian } from './blake2b.ts'
import { instantiateWasm, type WasmModule } from './wasm.ts'

/** The two modules of `argon2-wasm-edge`. */
export interface Argon2Modules {
  readonly argon2: WasmModule
  readonly blake2b: WasmModule
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  Hash_SetMemorySize(bytes: number): number
  /** Where the blocks begin. Takes the first memory. */
  Hash_GetBuffer(): number
  /** Fills the blocks. The sum of their last ones is then in the first. */
  Hash_Calculate(unused: number, kib: number): void
}

const blockBytes = 1_024
const version = 19
const typeId = 2

/**
 * Computes argon2id. The modules are loaded with the first hash. One instance is kept, and its
 * memory with it, so that a second hash needs no more. A hash is one piece of work: no other code
 * runs meanwhile.
 */
export function createComputeArgon2id(load: () => Argon2Modules): ComputeArgon2id {
  let compute: ComputeArgon2id | undefined
  return (input) => {
    compute ??= start(load())
    return compute(input)
  }
}

function start(modules: Argon2Modules): ComputeArgon2id {
  const wasm = instantiateWasm<Exports>(modules.argon2)
  const blake2b = createBlake2b(modules.blake2b)
  const longHash = createLongHash(modules.blake2b)
  const begin = wasm.Hash_GetBuffer()

  /** The blocks, and one more for the numbers that the module reads. Undefined if they cannot grow. */
  function takeMemory(kib: number): Uint8Array | undefined {
    const bytes = (kib + 1) * blockBytes
    const isThere = wasm.memory.buffer.byteLength - begin >= bytes
    // Asked for less than it has, the module would ask for nearly 4 GiB.
    if (!isThere && wasm.Hash_SetMemorySize(bytes) !== 0) return undefined
    return new Uint8Array(wasm.memory.buffer, begin, bytes)
  }

  return (input) => {
    const { memory, lanes, tagBytes } = input
    const blocks = takeMemory(memory)
    if (!blocks) return undefined
    try {
      const numbers = numbersOf(input)
      const seed = blake2b(64, numbers, ...seedParts(input))
      const laneBlocks = 4 * Math.floor(memory / (4 * lanes))
      for (let lane = 0; lane < lanes; lane += 1) {
        for (const column of [0, 1]) {
          const block = longHash(blockBytes, seed, littleEndian(column, lane))
          blocks.set(block, (lane * laneBlocks + column) * blockBytes)
        }
      }
      blocks.set(numbers, memory * blockBytes)
      wasm.Hash_Calculate(0, memory)
      return longHash(tagBytes, blocks.subarray(0, blockBytes))
    } finally {
      // The module counts on empty memory. Nothing of a password stays behind either.
      blocks.fill(0)
    }
  }
}

/** The first part of the seed, which the module reads, too. */
function numbersOf({ lanes, tagBytes, memory, passes }: Argon2idInput): Uint8Array {
  return littleEndian(lanes, tagBytes, memory, passes, version, typeId)
}

/** The other parts of the seed: there is no secret, and no associated data. */
function seedParts({ password, salt }: Argon2idInput): readonly Uint8Array[] {
  return [littleEndian(password.length), password, littleEndian(salt.length), salt].concat(
    littleEndian(0, 0),
  )
}
