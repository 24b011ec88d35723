// npm run check: all checks of the code that need no running service, and the size of what is
// deployed.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Failure, runCommand } from '../src/cli/failure.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** The limit without the OpenAPI document. */
const maxBundleKiB = 142
const maxGuardKiB = 15
/** With everything else that `portcullis` exports. */
const maxPackageKiB = 16

/** A file without settings, so that settings of the developer's machine have no effect. */
const noSettings = ['--env-file', '/dev/null']
const steps: readonly (readonly [string, ...string[]])[] = [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc', '-p', 'tsconfig.json'],
  ['tsc', '-p', 'tsconfig.node.json'],
  ['tsc', '-p', 'tsconfig.workers.json'],
  ['deno', 'check', '--quiet', 'src/deno.ts'],
  ['node', 'scripts/build.ts'],
  ['tsc', '-p', 'examples/tsconfig.json'],
  ['deno', 'check', '--quiet', '--config', 'examples/deno/deno.json', 'examples/deno/main.ts'],
  ['wrangler', 'types', '--check', '--include-runtime=false', ...noSettings],
  ['drizzle-kit', 'check'],
  ['knip', '--treat-config-hints-as-errors', '--treat-tag-hints-as-errors'],
]

await runCommand(async () => {
  for (const [command, ...args] of steps) run(command, args)
  checkBench()
  inTemporaryFolder('package', checkPackage)
  inTemporaryFolder('bundle', measureBundle)
  inTemporaryFolder('guard', measureGuard)
})

function run(command: string, args: readonly string[]): void {
  console.log(`> ${command} ${args.join(' ')}`)
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }
  const binary = join(root, 'node_modules/.bin', command)
  const { status } = spawnSync(binary, args, { cwd: root, stdio: 'inherit', env })
  if (status !== 0)
    throw new Failure(`${command} failed: mend what it says above, and check again.`)
}

/** The bench has packages of its own, which `npm ci` does not install. */
function checkBench(): void {
  if (!existsSync(join(root, 'bench/node_modules'))) {
    console.log(
      'The types of bench/ are not checked: `npm --prefix bench ci` installs its packages.',
    )
    return
  }
  run('tsc', ['-p', 'bench/tsconfig.json'])
  run('tsc', ['-p', 'bench/workers/tsconfig.json'])
}

/** Checks that users of the package find what it promises. */
function checkPackage(directory: string): void {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory]
  const { status } = spawnSync('npm', pack, { cwd: root, stdio: 'inherit' })
  const [tarball] = readdirSync(directory)
  if (status !== 0 || !tarball)
    throw new Failure('The package cannot be packed: run `npm pack` to see why.')
  run('publint', [join(directory, tarball), '--strict'])
  run('attw', [join(directory, tarball), '--profile', 'esm-only', '--format', 'ascii', '-q'])
}

function measureBundle(directory: string): void {
  run('wrangler', ['deploy', '--dry-run', '--outdir', directory, ...noSettings])
  const all = gzipKiB(join(directory, 'worker.js'))
  // The service serves this text and never parses it.
  const document = gzipKiB(join(root, 'src/service/routes/openapi-document.ts'))
  const code = all - document
  console.log(
    `The Worker's bundle: ${all.toFixed(1)} KiB gzip, of that the OpenAPI document ${document.toFixed(1)}, ` +
      `and ${code.toFixed(1)} of code (at most ${maxBundleKiB}).`,
  )
  if (code > maxBundleKiB) throw new Failure('The bundle is too large; see what it has pulled in.')
}

/** Measures what the guard adds to a Worker that already has Hono, and the whole entry. */
function measureGuard(directory: string): void {
  const entry = join(root, 'dist/index.js')
  const guardOnly = join(directory, 'entry.js')
  writeFileSync(guardOnly, `export { requireAccessToken } from ${JSON.stringify(entry)}`)
  const guard = measureEntry(directory, guardOnly)
  const all = measureEntry(directory, entry)
  console.log(
    `The guard: ${guard.toFixed(1)} KiB gzip without Hono (at most ${maxGuardKiB}). ` +
      `All that its entry exports: ${all.toFixed(1)} KiB (at most ${maxPackageKiB}).`,
  )
  if (guard > maxGuardKiB || all > maxPackageKiB) {
    throw new Failure('The guard is too large; see what it has pulled in.')
  }
}

function measureEntry(directory: string, entry: string): number {
  const file = join(directory, 'guard.js')
  const options = ['--bundle', '--minify', '--format=esm', '--external:hono', '--external:hono/*']
  run('esbuild', [entry, ...options, '--log-level=warning', `--outfile=${file}`])
  return gzipKiB(file)
}

function gzipKiB(file: string): number {
  return gzipSync(readFileSync(file)).length / 1024
}

function inTemporaryFolder(name: string, use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), `portcullis-${name}-`))
  try {
    use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
