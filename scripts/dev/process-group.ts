// A child with everything that it starts: one process group, which Ctrl-C does not reach and which
// we end as a whole.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** A running child and all that it has started. */
export interface ProcessGroup {
  /** Resolves when the child has ended by itself or by us, or could not be started. */
  readonly ended: Promise<void>
  hasEnded(): boolean
  /** Ends all of it, at the latest after 5 s, and waits until it is gone. Idempotent. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const patienceMs = 5_000

/** Starts `command` with its output handed to `onOutput`, text by text. */
export function startProcessGroup(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  onOutput: (text: string) => void,
): ProcessGroup {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
  child.stdout.setEncoding('utf8').on('data', onOutput)
  child.stderr.setEncoding('utf8').on('data', onOutput)
  let isOver = false
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      isOver = true
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
  })
  return { ended, hasEnded: () => isOver, stop: (signal) => stopGroup(child, ended, signal) }
}

async function stopGroup(
  child: ChildProcess,
  ended: Promise<void>,
  signal: NodeJS.Signals,
): Promise<void> {
  if (child.pid === undefined) return
  signalGroup(child.pid, signal)
  await Promise.race([ended, delay(patienceMs, undefined, { ref: false })])
  // Whoever did not end with the child, or with patience.
  signalGroup(child.pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in it.
  }
}
