// argon2id where the memory of WebAssembly cannot grow, as in an isolate that has used its own up.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import foreign from '../../../vectors/foreign-hashes.json' with { type: 'json' }

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const hashOf = (numbers: string) => {
  const found = foreign.vectors.find(({ hash }) => hash.includes(numbers))
  if (!found) throw new Error(`No hash has ${numbers}.`)
  return found
}
/** 300 pages are 19 MiB: enough for a small hash, and not for 64 MiB. */
const flags = ['--wasm-max-mem-pages=300', '--input-type=module-typescript']

const program = `
  import bcrypt from 'bcryptjs'
  import { argon2id } from './src/argon2-node.ts'
  import { systemRuntime } from './src/runtime/runtime.ts'
  import { createPasswordHasher } from './src/service/domain/identity/password-hasher.ts'
  import { createUnsupportedHashLog } from './src/service/domain/identity/unsupported-hash-log.ts'

  const lines = []
  const compared = []
  const compare = bcrypt.compare
  bcrypt.compare = (password, hash) => {
    compared.push(hash.slice(0, 7))
    return compare(password, hash)
  }
  const onUnsupported = createUnsupportedHashLog((line) => lines.push(JSON.parse(line)))
  const hasher = createPasswordHasher(5, systemRuntime, { families: [argon2id], onUnsupported })
  const matches = []
  for (const { password, hash } of JSON.parse(process.env.HASHES)) {
    matches.push(await hasher.verify(password, hash))
  }
  console.log(JSON.stringify({ matches, lines, compared }))
`

it('an argon2id hash without memory lets nobody in, is logged, and costs one hash of bcrypt', () => {
  const [large, small] = [hashOf('m=65536'), hashOf('m=1024,t=3')]
  const env = { ...process.env, HASHES: JSON.stringify([large, small, large]) }
  const output = execFileSync(process.execPath, [...flags, '-e', program], { cwd: root, env })
  expect(JSON.parse(output.toString())).toEqual({
    matches: [false, true, false],
    compared: ['$2b$05$', '$2b$05$'],
    lines: [
      {
        event: 'password_hash_unsupported',
        family: 'argon2id',
        problem: 'There was no memory for an argon2id hash of 65,536 KiB.',
      },
    ],
  })
})
