// Files that hold secrets: only their owner reads them, and nothing that lies at their place is
// followed or filled, be it a file or a symbolic link.

import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
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

/** What else leads to the file that is there, and would keep the old text if it were replaced. */
export function findOtherName(file: string): 'symbolic link' | 'hard link' | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) return 'symbolic link'
  return found && found.nlink > 1 ? 'hard link' : undefined
}

/** A sentence where others can read the file; its access is its owner's business. */
export function warnOfReaders(file: string, pattern = file): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile() || (found.mode & 0o077) === 0) return undefined
  return `Others on this machine can read ${file}: take that from them with \`chmod 600 ${pattern}\`.`
}
