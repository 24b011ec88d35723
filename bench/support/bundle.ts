// Bundles Workers as they would be deployed.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Bundles the Worker of `entry` (from the repository's root) into `directory`. Gives the file. */
export function bundleWorker(directory: string, entry: string): string {
  const name = entry.replace(/^.*\/(.*)\.ts$/, '$1')
  const outdir = join(directory, name)
  execFileSync(
    join(root, 'node_modules/.bin/wrangler'),
    ['deploy', entry, '--dry-run', '--outdir', outdir, '--env-file', '/dev/null'],
    { cwd: root, stdio: 'pipe', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  )
  return join(outdir, `${name}.js`)
}

/** The size of the deployed bundle, compressed, in KiB. */
export function gzipKiB(bundle: string): number {
  return gzipSync(readFileSync(bundle)).length / 1024
}
