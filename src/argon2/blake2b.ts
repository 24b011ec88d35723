// BLAKE2b (RFC 7693) by the WebAssembly of `argon2-wasm-edge`, and the longer hash H' that argon2
// makes of it (RFC 9106 §3.3).

import { instantiateWasm, type WasmModule } from './wasm.ts'

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** Where input and output are. */
  Hash_GetBuffer(): number
  Hash_Init(bits: number): void
  Hash_Update(bytes: number): void
  Hash_Final(): void
}

/** The size of the module's own buffer. */
const bufferBytes = 16_384

/** The hash of some parts, with 1 to 64 bytes. */
type Blake2b = (bytes: number, ...parts: readonly Uint8Array[]) => Uint8Array

/** The hash H' of some parts, with any number of bytes. */
export function createLongHash(module: WasmModule): Blake2b {
  const blake2b = createBlake2b(module)
  return (bytes, ...parts) => {
    if (bytes <= 64) return blake2b(bytes, littleEndian(bytes), ...parts)
    const hash = new Uint8Array(bytes)
    let block = blake2b(64, littleEndian(bytes), ...parts)
    let at = 0
    for (; bytes - at > 64; at += 32) {
      hash.set(block.subarray(0, 32), at)
      block = blake2b(Math.min(64, bytes - at - 32), block)
    }
    hash.set(block, at)
    return hash
  }
}

/** BLAKE2b without a key. */
export function createBlake2b(module: WasmModule): Blake2b {
  const wasm = instantiateWasm<Exports>(module)
  const at = wasm.Hash_GetBuffer()
  const buffer = new Uint8Array(wasm.memory.buffer, at, bufferBytes)
  return (bytes, ...parts) => {
    wasm.Hash_Init(bytes * 8)
    for (const part of parts) {
      for (let read = 0; read < part.length; read += bufferBytes) {
        const piece = part.subarray(read, read + bufferBytes)
        buffer.set(piece)
        wasm.Hash_Update(piece.length)
      }
    }
    wasm.Hash_Final()
    return buffer.slice(0, bytes)
  }
}

/** Numbers as argon2 hashes them: 32 bits each, the lowest byte first. */
export function littleEndian(...numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * numbers.length))
  for (const [index, number] of numbers.entries()) view.setUint32(4 * index, number, true)
  return new Uint8Array(view.buffer)
}
