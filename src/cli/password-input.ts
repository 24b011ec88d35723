// A password for a new account: from the standard input, never from an argument, for those are in
// the list of processes and in the shell's history.

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Failure } from './failure.ts'

/** Where it is typed or piped. */
type PasswordInput = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/**
 * The password: on a terminal it is asked for twice and not shown; otherwise it is the whole input,
 * without the line's end.
 *
 * @throws Failure when there is none, or the two differ
 */
export async function readPassword(
  input: PasswordInput = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  if (input.isTTY) return askForPassword(input, output)
  const password = (await text(input)).replace(/\r?\n$/, '')
  if (password !== '') return password
  throw new Failure('There is no password: pipe it to the standard input.', 'usage')
}

async function askForPassword(
  input: PasswordInput,
  output: NodeJS.WritableStream,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const typed = lines[Symbol.asyncIterator]()
  const ask = async (question: string): Promise<string> => {
    output.write(question)
    const { value, done } = await typed.next()
    output.write('\n')
    if (done) throw new Failure('There is no password; nothing was changed.')
    return value
  }
  try {
    const password = await ask('Password: ')
    if ((await ask('Once more: ')) === password) return password
    throw new Failure('The two passwords differ; nothing was changed.')
  } finally {
    lines.close()
  }
}
