// Reads settings of the service from the variables of a command.

import type { Result } from '../errors/reasons.ts'
import { variableText } from '../service/config/variable-text.ts'
import { Failure } from './failure.ts'

/** The value of a setting, or its default. Throws a Failure if the value is wrong. */
export function readSetting<T>(
  name: string,
  setting: { readonly fallback: T; parse(text: string): Result<T, string> },
  variables: NodeJS.ProcessEnv,
): T {
  const text = variableText(variables[name])
  if (text === undefined) return setting.fallback
  const parsed = setting.parse(text)
  if (parsed.ok) return parsed.value
  throw new Failure(`${name} ${parsed.error}.`, 'usage')
}
