// Copies of the source with one place changed, for tests that must detect it.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Below the project, because the copies import its packages. */
const directories: string[] = []

/** The modules that are imported from a copy. `Code` is a part of their exports. */
const modules = [
  'guard/revocation/gate',
  'guard/revocation/loader',
  'guard/revocation/remote-source',
  'service/domain/feed/feed-streams',
]

/** The code under test, with `from` replaced by `to`. */
export async function breakCode<Code>(file: string, from: string, to: string): Promise<Code> {
  mkdirSync(join(root, '.portcullis'), { recursive: true })
  const copy = mkdtempSync(join(root, '.portcullis/broken-'))
  directories.push(copy)
  cpSync(join(root, 'src'), copy, { recursive: true })
  const text = readFileSync(join(copy, file), 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${file} has not one place like "${from}"`)
  writeFileSync(join(copy, file), text.replace(from, to))
  const load = (name: string) => import(/* @vite-ignore */ join(copy, `${name}.ts`))
  return Object.assign({}, ...(await Promise.all(modules.map(load))))
}

/** Removes all copies, for `afterAll`. */
export function removeBrokenCode(): void {
  for (const copy of directories.splice(0)) rmSync(copy, { recursive: true, force: true })
}
