// How a command fails, and what its exit code means for scripts (docs/reference/cli.md).

/** The kinds of failure, for scripts, with their exit codes. */
const exitCodes = {
  /** The command cannot do its task. */
  failure: 1,
  /** The arguments or variables are wrong. */
  usage: 2,
  /** The database lacks migrations of this version. */
  pending: 3,
  /** A database or service did not answer, or is busy. A retry may help. */
  unreachable: 4,
  /** The command is done, but has left something out. */
  partial: 5,
} as const

export type FailureKind = keyof typeof exitCodes

/**
 * What a command tells its user when it fails: a message that says what to do. Any other error that
 * is thrown is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind

  constructor(message: string, kind: FailureKind = 'failure') {
    super(message)
    this.kind = kind
  }
}

/**
 * Runs a command. A `Failure` is printed as its message, or as a line of JSON, and sets the exit
 * code.
 */
export async function runCommand(
  main: () => Promise<void>,
  { json = false }: { readonly json?: boolean } = {},
): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { kind, message } = error
    console.error(json ? JSON.stringify({ error: kind, message }) : message)
    process.exitCode = exitCodes[kind]
  }
}
