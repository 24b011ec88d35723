// The Worker's bundle, as it would be deployed, once for all tests that serve it.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-bundle-'))
  execFileSync(
    join(root, 'node_modules/.bin/wrangler'),
    ['deploy', '--dry-run', '--outdir', directory, '--env-file', '/dev/null'],
    { cwd: root, stdio: 'pipe', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
  )
  project.provide('bundle', join(directory, 'worker.js'))
  return () => rmSync(directory, { recursive: true, force: true })
}
