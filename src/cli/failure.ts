// How a command ends that cannot go on, and what scripts can tell by its exit code
// (docs/guides/cli.md).

/** What went wrong, for scripts, and the exit code of each kind. */
const exitCodes = {
  /** The command cannot do what it was asked for. */
  failure: 1,
  /** It was called in a way that it does not know. */
  usage: 2,
  /** The database lacks migrations of this version. */
  pending: 3,
  /** Somebody did not answer, or is busy: trying again may help. */
  unreachable: 4,
} as const

export type FailureKind = keyof typeof exitCodes

/**
 * What a command tells its user when it cannot go on: one sentence that says what to do. Anything
 * else that is thrown is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind

  constructor(message: string, kind: FailureKind = 'failure') {
    super(message)
    this.kind = kind
  }
}

/** Runs a command: a `Failure` becomes its sentence, or a line of JSON, and the exit code. */
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
