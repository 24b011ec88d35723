// Files that hold secrets: only their owner reads them, and nothing that lies at their place is
// followed or filled, be it a file or a symbolic link.

import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { systemRuntime } from '../runtime/runtime.ts'

const onlyOwner = 0o600

/** Makes a new file. Throws the error EEXIST where there is something already, a link too. */
export function createPrivateFile(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', onlyOwner)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(file, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the file, or replaces it and the access to it as a whole. Replaces a link, not its target. */
export function replacePrivateFile(file: string, text: string): void {
  const suffix = Buffer.from(systemRuntime.randomBytes(8)).toString('hex')
  const beside = `${file}.${suffix}.tmp`
  createPrivateFile(beside, text)
  try {
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** Whether there is a symbolic link, wherever it leads to. */
export function isSymbolicLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}
