// Ctrl-C, and the other ways in which the user ends a command.

import { Failure, runCommand } from '../../src/cli/failure.ts'

const pollEveryMs = 100

/**
 * Runs a command until it ends or the user ends it. After the user's end, an error is no failure.
 */
export function runUntilStopped(main: (stopping: AbortSignal) => Promise<void>): Promise<void> {
  const stopping = stopOnSignals()
  return runCommand(async () => {
    try {
      await main(stopping)
    } catch (error) {
      if (!stopping.aborted || !(error instanceof Failure)) throw error
    }
  })
}

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP. Also aborts when the parent (npm or `deno task`)
 * is gone and cannot pass a signal on.
 */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort())
  }
  for (const stream of [process.stdout, process.stderr]) {
    // The reader of the output is gone (`npm run dev | head`). Without a listener, this error would
    // end us before the processes that we have started.
    stream.on('error', () => controller.abort())
  }
  // npm and `deno task` both set it. A shell of the user may end before us: `node scripts/dev.ts &`
  // in a script.
  if (process.env.INIT_CWD) {
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && controller.abort(), pollEveryMs).unref()
  }
  return controller.signal
}
