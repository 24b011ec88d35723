// Builds the package's files and the Worker's bundle as they are published and deployed, once for
// all tests that use them.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { bundleWorker } from './bundle.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default function setup(project: TestProject): () => void {
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'pipe' })
  const bundle = bundleWorker('wrangler.toml')
  project.provide('bundle', bundle.file)
  return bundle.remove
}
