// The keys of seals, for `audit verify`. They come from variables and from a file, never from an
// argument, which other users of the machine could read.

import { readFileSync } from 'node:fs'
import { settings } from '../service/config/settings.ts'
import { variableText } from '../service/config/variable-text.ts'
import { deriveSealKey, type SealKey } from '../service/domain/audit/seal-key.ts'
import { Failure } from './failure.ts'
import { warnOfReaders } from './private-file.ts'

/**
 * The keys that belong to SECRET_KEY, PREVIOUS_SECRET_KEY, and each line of the file. Warns when
 * others can read the file.
 */
export function readSealKeys(
  variables: NodeJS.ProcessEnv,
  file: string | undefined,
): Promise<readonly SealKey[]> {
  const { SECRET_KEY, PREVIOUS_SECRET_KEY } = variables
  if (variableText(SECRET_KEY) === undefined) {
    throw new Failure(
      'Set SECRET_KEY to that of the service: the key of the seals is made from it.',
      'usage',
    )
  }
  const lines = file === undefined ? [] : readLines(file)
  const secrets = [
    parseSecret('SECRET_KEY', SECRET_KEY),
    parseSecret('PREVIOUS_SECRET_KEY', PREVIOUS_SECRET_KEY),
    ...lines.map((line, at) => parseSecret(`Line ${at + 1} of ${file}`, line)),
  ]
  return Promise.all(secrets.filter((secret) => secret !== undefined).map(deriveSealKey))
}

function parseSecret(name: string, given: string | undefined): string | undefined {
  const text = variableText(given)
  if (text === undefined) return undefined
  const parsed = settings.SECRET_KEY.parse(text)
  if (parsed.ok) return parsed.value
  throw new Failure(`${name} ${parsed.error}.`, 'usage')
}

function readLines(file: string): readonly string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new Failure(`${file} cannot be read: check --keys.`, 'usage')
  }
  const warning = warnOfReaders(file)
  if (warning) console.error(warning)
  return text.split('\n')
}
