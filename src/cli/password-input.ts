// Reads a new password of an account from the standard input. It is never an argument, because
// arguments appear in the process list and in the shell history.

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Failure } from './failure.ts'

/** The stream on which the password is typed or piped. */
type PasswordInput = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/**
 * Reads the password. On a terminal, it asks twice and does not show the password. Otherwise, the
 * password is the whole input without one final line break. It refuses text that nobody could type
 * to log in.
 *
 * @throws Failure when there is no password, the two differ, or it is not one line of UTF-8 text
 */
export async function readPassword(
  input: PasswordInput = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  if (input.isTTY) return requireLine(await askForPassword(input, output))
  const password = (await text(input)).replace(/\r?\n$/, '')
  if (password !== '') return requireLine(password)
  throw new Failure('There is no password: pipe it to the standard input.', 'usage')
}

function requireLine(password: string): string {
  // The decoder writes this character for bytes that are not UTF-8.
  if (password.includes('\ufffd')) {
    throw new Failure(
      'The password is not in UTF-8: give it in that encoding. Nothing was changed.',
    )
  }
  if (/[\r\n\u0085\p{Zl}\p{Zp}]/u.test(password)) {
    throw new Failure('The password has several lines: give one line. Nothing was changed.')
  }
  if (/\p{Cc}/u.test(password)) {
    throw new Failure(
      'The password has a control character, such as a tab or NUL: give text in UTF-8 without them. Nothing was changed.',
    )
  }
  return password
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
