// Ctrl-C and other ends that the user chooses.

import { Failure, runCommand } from '../../src/cli/failure.ts'

const pollEveryMs = 100

/**
 * Runs a command until it ends or the user ends it; what fails because the user ended it is no
 * failure.
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
 * Aborts with the first SIGINT, SIGTERM or SIGHUP, or when the npm or `deno task` that runs us is
 * gone and cannot pass a signal on.
 */
function stopOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort())
  }
  for (const stream of [process.stdout, process.stderr]) {
    // Nobody reads any more (`npm run dev | head`); unheard, this would end us before what we have
    // started.
    stream.on('error', () => controller.abort())
  }
  // Both set it. A shell of the user's own may well end before us: `node scripts/dev.ts &` in a
  // script.
  if (process.env.INIT_CWD) {
    const parent = process.ppid
    setInterval(() => process.ppid !== parent && controller.abort(), pollEveryMs).unref()
  }
  return controller.signal
}
