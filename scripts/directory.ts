import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../src/cli/failure.ts'

/**
 * Makes the folder that holds the data of a development command, for its owner alone, or says what to
 * do when it cannot be used. One that exists stays as it is.
 */
export function makeDirectory(directory: string): void {
  try {
    makeStepByStep(directory)
    accessSync(directory, constants.R_OK | constants.W_OK)
  } catch {
    throw new Failure(
      `The folder ${directory} cannot be made or written: choose another one with --data.`,
    )
  }
}

/** Not `mkdirSync` with `recursive`: under /proc that one never ends (Node 24). */
function makeStepByStep(directory: string): void {
  const existing = statSync(directory, { throwIfNoEntry: false })
  if (existing?.isDirectory()) return
  if (!existing) makeStepByStep(dirname(directory))
  mkdirSync(directory, { mode: 0o700 })
}
