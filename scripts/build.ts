// npm run build: writes the package's files, one for each source file, with types and source maps.

import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, runCommand } from '../src/cli/failure.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

await runCommand(async () => {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Failure('The build failed: mend what tsc says above.')
  chmodSync(join(root, 'dist/cli/main.js'), 0o755)
})
