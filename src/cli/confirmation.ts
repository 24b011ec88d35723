// Asks before a command does what cannot be undone.

import { createInterface } from 'node:readline'
import { Failure } from './failure.ts'

/** The stream on which the answer is typed. */
type AnswerInput = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/** What is lost, and whether the user has agreed to it already. */
interface Loss {
  /** A sentence about what is lost. */
  readonly sentence: string
  /** Whether the command was called with `--yes`. */
  readonly isAgreed: boolean
}

/**
 * Returns when the user agrees. On a terminal, it asks for the word `yes`. Elsewhere it needs
 * `--yes`.
 *
 * @throws Failure when the user does not agree, or cannot be asked
 */
export async function confirmLoss(
  { sentence, isAgreed }: Loss,
  input: AnswerInput = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<void> {
  if (isAgreed) return
  if (!input.isTTY) {
    throw new Failure(`${sentence} Nothing was changed: add --yes to do it.`, 'usage')
  }
  output.write(`${sentence} Type yes to go on: `)
  const lines = createInterface({ input })
  try {
    const { value } = await lines[Symbol.asyncIterator]().next()
    if (value?.trim() !== 'yes') throw new Failure('Nothing was changed.')
  } finally {
    lines.close()
  }
}
