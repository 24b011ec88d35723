// Bundles a Worker as it is deployed.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Bundle {
  readonly file: string
  remove(): void
}

/** The bundle of the Worker in a configuration, or of `main` in its place. */
export function bundleWorker(configuration: string, main?: string): Bundle {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-bundle-'))
  const script = main === undefined ? [] : [main]
  const args = ['deploy', ...script, '-c', configuration, '--dry-run', '--outdir', directory]
  execFileSync(join(root, 'node_modules/.bin/wrangler'), [...args, '--env-file', '/dev/null'], {
    cwd: root,
    stdio: 'pipe',
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
  return {
    file: join(directory, `${basename(main ?? 'worker', '.ts')}.js`),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
