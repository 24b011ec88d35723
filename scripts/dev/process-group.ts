// A child with everything that it starts: one process group, which Ctrl-C does not reach and which we end as a whole.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** A running child and all that it has started. */
export interface ProcessGroup {
  readonly child: ChildProcess
  /** Resolves when the child has ended by itself or by us. */
  readonly ended: Promise<void>
  /** Ends all of it, and waits until it is gone. Idempotent. */
  stop(): Promise<void>
}

const patienceMs = 5_000
const pollEveryMs = 25

/** Starts `command` with its output handed to `onOutput`, text by text. */
export function startProcessGroup(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onOutput: (text: string) => void,
): ProcessGroup {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
  child.stdout.setEncoding('utf8').on('data', onOutput)
  child.stderr.setEncoding('utf8').on('data', onOutput)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  return { child, ended, stop: () => stopGroup(child) }
}

async function stopGroup({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return
  signalGroup(pid, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollEveryMs) {
    if (!signalGroup(pid, 0)) return
    await delay(pollEveryMs)
  }
  signalGroup(pid, 'SIGKILL')
}

/** @returns false when nobody is left in the group */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
