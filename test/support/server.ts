// A process that serves the service, with its output.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { endProcess } from '../../scripts/sqld.ts'

/** The service, running somewhere on this machine. */
export interface Server {
  readonly baseUrl: string
  readonly process: ChildProcess
  /** Its whole output. */
  output(): string
  /** The JSON lines of the output. */
  log(): Record<string, unknown>[]
  stop(): Promise<void>
}

const startTimeoutMs = 30_000
const pollEveryMs = 20

/** Processes that must not outlive this one. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts `command`, and waits until something answers at `port`. */
export async function startServer(
  command: string,
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  running.add(child)
  const stop = async () => {
    await endProcess(child)
    running.delete(child)
  }
  const baseUrl = `http://127.0.0.1:${port}`
  await untilItAnswers(child, baseUrl, () => output)
  return { baseUrl, process: child, stop, output: () => output, log: () => jsonLines(output) }
}

/** Waits until `condition` holds. Default limit: 20 s. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += pollEveryMs) {
    if (await condition()) return
    await delay(pollEveryMs)
  }
  throw new Error(`This never came true: ${condition}`)
}

async function untilItAnswers(child: ChildProcess, baseUrl: string, output: () => string) {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += pollEveryMs) {
    if (child.exitCode !== null) break
    // A path that needs no database, and that no test counts.
    const answer = await fetch(`${baseUrl}/is-anybody-there`).catch(() => undefined)
    if (answer) return
    await delay(pollEveryMs)
  }
  await endProcess(child)
  throw new Error(`The server did not start:\n${output()}`)
}

function jsonLines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
