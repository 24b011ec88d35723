// The package as its users get it: packed once, and installed into empty projects.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binaries = join(root, 'node_modules/.bin')
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

export interface Project {
  readonly directory: string
  /** Runs a command of this repository in the project. Gives its output. */
  run(command: string, ...args: string[]): string
  remove(): void
}

/** Packs the package. The global set-up has built it. */
export function packPackage(directory: string): string {
  const printed = npm(root, 'pack', '--ignore-scripts', '--json', '--pack-destination', directory)
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('[')))
  return join(directory, filename)
}

/** The files that a package would have, were its folder this one with `files` in it. */
export function filesPackedFrom(files: Readonly<Record<string, string>>): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-files-'))
  try {
    const manifest = readFileSync(join(root, 'package.json'), 'utf8')
    writeFiles(directory, { 'package.json': manifest, ...files })
    const printed = npm(directory, 'pack', '--dry-run', '--ignore-scripts', '--json')
    const [{ files: packed }] = JSON.parse(printed.slice(printed.indexOf('[')))
    return packed.map(({ path }: { path: string }) => path)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** An empty Worker project with these packages. Those of this repository have its versions. */
export function createProject(
  packages: readonly string[],
  files: Readonly<Record<string, string>>,
): Project {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-project-'))
  writeFiles(directory, { 'package.json': '{ "private": true, "type": "module" }', ...files })
  const versions = packages.map((name) =>
    name in devDependencies ? `${name}@${devDependencies[name]}` : name,
  )
  npm(
    directory,
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    ...versions,
  )
  return {
    directory,
    run: (command, ...args) => execute(join(binaries, command), args, directory),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

function npm(cwd: string, ...args: string[]): string {
  return execute('npm', args, cwd)
}

function execute(command: string, args: readonly string[], cwd: string): string {
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' }
  try {
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  }
}
