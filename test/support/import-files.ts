// Files for imports, with hashes that the real service has to verify.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../src/service/domain/identity/password-hasher.ts'

/** A password with its hash of a family. */
export interface KnownHash {
  readonly family: string
  readonly password: string
  readonly hash: string
}

/** Several hashes of each family, with salts of their own, at the lowest cost. */
export async function createKnownHashes(ofEach: number): Promise<readonly KnownHash[]> {
  const { hash } = createPasswordHasher(4, systemRuntime)
  const families = { bcrypt: 'a good password', 'bcrypt-sha256': `a long one: ${'x'.repeat(80)}` }
  const made = Object.entries(families).flatMap(([family, beginning]) =>
    Array.from({ length: ofEach }, async (_, number) => {
      const password = `${beginning} ${number}`
      return { family, password, hash: await hash(password) }
    }),
  )
  return Promise.all(made)
}

/** A private folder for files. */
export function createFolder() {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-import-'))
  return {
    /** Writes a file, and returns its path. */
    write(name: string, content: string | Uint8Array): string {
      const file = join(directory, name)
      writeFileSync(file, content, { mode: 0o600 })
      return file
    },
    path: (name: string) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** The text of JSON lines. */
export function jsonLines(entries: readonly object[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
}
