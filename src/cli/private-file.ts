// Files that hold secrets. Only their owner can read them. An existing file or symbolic link at the
// same path is never followed or filled.

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
import { Failure } from './failure.ts'

const onlyOwner = 0o600

/** Creates a new file. Throws the error EEXIST when the path already exists, also as a link. */
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

/**
 * Creates the file, or replaces it, with its permissions, as a whole. Replaces a link, not its
 * target.
 *
 * @throws Failure when something else is there, such as a device or a named pipe
 */
export function replacePrivateFile(file: string, text: string): void {
  if (!isLink(file)) refuseSpecialFile(file)
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

/**
 * Begins a new file in the place of an older one. Returns what adds text to it. What was added stays
 * when the process is killed.
 *
 * @throws Failure when something else is there. It could be a device such as `/dev/null`, or a link
 * to one such as `/dev/stdout`, which the whole machine would lose
 */
export function beginPrivateFile(file: string): { add(text: string): void; close(): void } {
  refuseSpecialFile(file)
  rmSync(file, { force: true })
  const descriptor = openSync(file, 'wx', onlyOwner)
  return {
    add: (text) => writeFileSync(descriptor, text),
    close: () => closeSync(descriptor),
  }
}

function refuseSpecialFile(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? true) return
  throw new Failure(`${file} is no regular file, and was not changed: name another one.`, 'usage')
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** Another name of the file. That name would keep the old text if the file were replaced. */
export function findOtherName(file: string): 'symbolic link' | 'hard link' | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) return 'symbolic link'
  return found && found.nlink > 1 ? 'hard link' : undefined
}

/**
 * A warning when others can read the file; undefined otherwise. The permissions are not changed,
 * because that is the owner's decision.
 */
export function warnOfReaders(file: string, pattern = file): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile() || (found.mode & 0o077) === 0) return undefined
  return `Others on this machine can read ${file}: stop that with \`chmod 600 ${pattern}\`.`
}
