/**
 * What a command tells its user when it cannot go on: one sentence that says what to do. Anything
 * else that is thrown is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** Runs a command: a `Failure` becomes its sentence and exit code 1. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
