// The project's commands as a user runs them: real processes, in the project's folder or a copy of
// it.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { SigningJwk } from '../../src/token/signing-key.ts'
import { until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
/** With these settings, the developer's own .dev.vars is neither read nor written. */
export const ownSecret = ['--var', `SECRET_KEY:${testSettings.SECRET_KEY}`]

/** A development command gives up earlier than this. On a busy machine it starts slowly. */
const startLimitMs = 90_000

const compileCache = join(root, 'node_modules/.cache/portcullis-commands')

export interface Command {
  readonly child: ChildProcess
  output(): string
  /** Waits for the text. When the command ends before it, the test fails with the output. */
  printed(text: string): Promise<void>
  /** Waits for the end. */
  exitCode(): Promise<number | null>
}

/** Starts a command. `afterEach(stopCommands)` ends the commands of a failed test. */
export function startCommand(
  file: string,
  args: readonly string[],
  { cwd = root, env = process.env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Command {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more) => {
      output += more
    })
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const printed = async (text: string) => {
    await until(() => output.includes(text) || hasEnded(), startLimitMs)
    if (!output.includes(text)) throw new Error(`It ended without saying "${text}":\n${output}`)
  }
  return { child, printed, output: () => output, exitCode: () => closed }
}

/**
 * Runs a script of package.json to its end, with only the given settings. Does the same as
 * `npm run`, without the second that npm takes to start.
 */
export function runNpm(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input = '',
) {
  const { SIGNING_KEYS: _, ...own } = process.env
  const options = {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    // Each command is compiled once, not each time. It starts in half the time.
    env: { ...own, NODE_COMPILE_CACHE: compileCache, ...env },
    input,
  } as const
  const [node, ...words] = scriptOf(script).split(' ')
  if (node !== 'node') throw new Error(`The script ${script} does not begin with node.`)
  return spawnSync(process.execPath, [...words, ...args], options)
}

function scriptOf(name: string): string {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return String(scripts[name])
}

export function startNpm(script: string, ...args: string[]): Command {
  return startCommand('npm', ['run', '--silent', script, '--', ...args])
}

/** The commands to copy that a development command has printed. */
export function printedLines(dev: Command): string[] {
  return dev
    .output()
    .split('\n')
    .filter((line) => /^ {2}(\w+=\$|curl|printf)/.test(line))
}

/** Runs the printed lines in one shell, and types the code of the mail when it has come. */
export async function tryPrintedLines(dev: Command): Promise<string> {
  const shell = spawn('bash', ['-c', printedLines(dev).join('\n')], { stdio: 'pipe' })
  started.push(shell)
  const answers = text(shell.stdout)
  await dev.printed('Its code is')
  shell.stdin.end(`${/Its code is (\S+)/.exec(dev.output())?.[1]}\n`)
  return answers
}

const started: ChildProcess[] = []

export function stopCommands(): void {
  for (const child of started.splice(0)) child.kill('SIGTERM')
}

/** A copy of the project with a .dev.vars of its own, over the same packages. */
export function copyProject(): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-copy-'))
  const parts = ['src', 'scripts', 'migrations', 'openapi.json', 'package.json']
  parts.push('wrangler.toml', 'deno.json')
  for (const part of parts) cpSync(join(root, part), join(directory, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Live processes whose command line names any of the words. */
export function processesAbout(...words: string[]): string[] {
  const listing = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
  return listing
    .split('\n')
    .filter((line) => !/^ *\d+ Z/.test(line) && words.some((word) => line.includes(word)))
}

/** Waits until no such process is left. */
export async function untilGone(...words: string[]): Promise<void> {
  await until(() => processesAbout(...words).length === 0)
}

/** The ids of the processes whose command line names `word` and `other`. */
export function processNumbers(word: string, other: string): number[] {
  return processesAbout(word)
    .filter((line) => line.includes(other))
    .map((line) => Number.parseInt(line, 10))
}

/** A private key set, as `keys generate` makes it. */
export function readSet(text: string): readonly SigningJwk[] {
  return JSON.parse(text).keys
}
