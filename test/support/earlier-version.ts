// Version 0.4 from the repository's own history: its Worker, and its migrations.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { bundleWorker } from './bundle.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The last commit of 0.4. */
const commit = '60d87cc5cb7af249068daab779773e26ff3266fa'

export interface EarlierVersion {
  readonly bundle: string
  readonly applyMigrations: typeof applyMigrations
  remove(): void
}

/** Checks out 0.4, and bundles its Worker with the current packages. It needs bowser, too. */
export async function takeEarlierVersion(): Promise<EarlierVersion> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-earlier-'))
  const archive = readArchive()
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const bundle = bundleWorker(join(directory, 'wrangler.toml'))
  const migrations = await import(join(directory, 'src/cli/migrations.ts'))
  return {
    bundle: bundle.file,
    applyMigrations: migrations.applyMigrations,
    remove() {
      bundle.remove()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function readArchive(): Buffer {
  const paths = ['src', 'migrations', 'wrangler.toml', 'package.json', 'tsconfig.json']
  try {
    return execFileSync('git', ['archive', commit, ...paths], {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    })
  } catch (cause) {
    const problem = `The history lacks the commit ${commit}: run \`git fetch --unshallow\`.`
    throw new Error(problem, { cause })
  }
}
