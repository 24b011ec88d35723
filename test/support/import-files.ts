// Files for imports, with hashes that the real service has to verify.

import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../src/service/domain/identity/password-hasher.ts'
import betterAuth from '../vectors/better-auth.json' with { type: 'json' }
import foreign from '../vectors/foreign-hashes.json' with { type: 'json' }

/** A password with its hash of a family. */
export interface KnownHash {
  readonly family: string
  readonly password: string
  readonly hash: string
}

/**
 * Several hashes of bcrypt (the first ones), bcrypt-sha256, PBKDF2 and scrypt, with salts of their
 * own, at a low cost. After them one hash of each system in the vectors, with argon2id.
 */
export async function createKnownHashes(ofEach: number): Promise<readonly KnownHash[]> {
  const { hash } = createPasswordHasher(4, systemRuntime)
  const long = 'x'.repeat(80)
  const families: Readonly<Record<string, (password: string) => string | Promise<string>>> = {
    bcrypt: hash,
    'bcrypt-sha256': hash,
    pbkdf2: werkzeugPbkdf2,
    scrypt: werkzeugScrypt,
  }
  const made = Object.entries(families).flatMap(([family, make]) =>
    Array.from({ length: ofEach }, async (_, number) => {
      const password = `a good password ${number}${family === 'bcrypt' ? '' : long}`
      return { family, password, hash: await make(password) }
    }),
  )
  const vectors = [...foreign.vectors, ...betterAuth.vectors]
  const ofSystems = vectors.filter(
    ({ system }, index) => vectors.findIndex((other) => other.system === system) === index,
  )
  return [...(await Promise.all(made)), ...ofSystems]
}

function werkzeugPbkdf2(password: string): string {
  const salt = randomBytes(12).toString('hex')
  return `pbkdf2:sha256:1000$${salt}$${pbkdf2Sync(password, salt, 1_000, 32, 'sha256').toString('hex')}`
}

function werkzeugScrypt(password: string): string {
  const salt = randomBytes(12).toString('hex')
  const key = scryptSync(password, salt, 64, { N: 1_024, r: 8, p: 1 })
  return `scrypt:1024:8:1$${salt}$${key.toString('hex')}`
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
