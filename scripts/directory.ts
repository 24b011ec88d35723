import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../src/cli/failure.ts'

/**
 * Makes the folder that holds the data of a development command, for its owner alone, or says what to
 * do when it cannot be used. One that exists stays as it is.
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
 * Makes a folder and those above it that are missing. Not `mkdirSync` with `recursive`: under /proc
 * that one never ends (Node 24).
 */
export function makeDirectories(directory: string, mode = 0o777): void {
  const existing = statSync(directory, { throwIfNoEntry: false })
  if (existing?.isDirectory()) return
  if (!existing) makeDirectories(dirname(directory), mode)
  mkdirSync(directory, { mode })
}
