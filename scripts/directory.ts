import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../src/cli/failure.ts'

/**
 * Makes the data folder of a development command, for its owner alone. Says what to do when the
 * folder cannot be used. An existing folder stays as it is.
 */
export function makeDirectory(directory: string): void {
  try {
    makeDirectories(directory, 0o700)
    accessSync(directory, constants.R_OK | constants.W_OK)
  } catch {
    throw new Failure(
      `The folder ${directory} cannot be made or written: choose another one with --data.`,
    )
  }
}

/**
 * Makes a folder and its missing parents. Does not use `mkdirSync` with `recursive`, which never
 * returns under /proc (Node 24).
 */
export function makeDirectories(directory: string, mode = 0o777): void {
  const existing = statSync(directory, { throwIfNoEntry: false })
  if (existing?.isDirectory()) return
  if (!existing) makeDirectories(dirname(directory), mode)
  mkdirSync(directory, { mode })
}
