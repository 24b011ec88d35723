// A child and everything that it starts, as one process group. Ctrl-C does not reach the group, and
// we end it as a whole.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** A running child and all processes that it has started. */
export interface ProcessGroup {
  /** Resolves when the child has ended, with or without `stop`, or could not be started. */
  readonly ended: Promise<void>
  hasEnded(): boolean
  /** Ends the whole group within 5 s, and waits until it is gone. Idempotent. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const patienceMs = 5_000

/** Starts `command`. Its output goes to `onOutput`, text by text. */
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
  // Ends what is left of the group after the child's end or the timeout.
  signalGroup(child.pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is empty.
  }
}
