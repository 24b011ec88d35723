// One development command at a time over a data folder. A second one would overwrite the files of
// the first.

import { spawnSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../../src/cli/failure.ts'
import { createPrivateFile } from '../../src/cli/private-file.ts'

/** Locks the folder until this process ends. The lock of a process that is gone does not count. */
export function lockData(data: string): void {
  const file = lockOf(data)
  const own = `${file}.${process.pid}`
  rmSync(own, { force: true })
  try {
    createPrivateFile(own, `${process.pid}\n`)
    if (!tryLink(own, file)) {
      moveStaleLock(file, own)
      // Another process may have been faster.
      if (!tryLink(own, file)) throw inUse(file)
    }
  } finally {
    rmSync(own, { force: true })
  }
  process.once('exit', () => {
    if (readPid(file) === process.pid) rmSync(file, { force: true })
  })
}

/** The process of the development command that has locked the folder, if there is one. */
export function findHolder(data: string): number | undefined {
  const pid = readPid(lockOf(data))
  return isDevCommand(pid) ? pid : undefined
}

/** The sentence that a process uses the folder. */
export function describeUse(data: string, pid: number): string {
  return `The folder ${data} is in use by another development command (process ${pid})`
}

function lockOf(data: string): string {
  return join(data, 'dev.lock')
}

/** A link is atomic: it appears with its content, or not at all. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw new Failure(
      `${to} cannot be made (${(error as Error).message}): choose another folder with --data.`,
    )
  }
}

function moveStaleLock(file: string, own: string): void {
  const pid = readPid(file)
  if (isDevCommand(pid)) throw inUse(file)
  const aside = `${own}.stale`
  try {
    renameSync(file, aside)
  } catch {
    // Another process has moved it.
    return
  }
  // It was replaced at this moment, so it goes back.
  if (!Object.is(readPid(aside), pid)) tryLink(aside, file)
  rmSync(aside, { force: true })
}

/** Process ids are reused, so this looks at the process where there is a `ps`. */
function isDevCommand(pid: number): boolean {
  if (!Number.isInteger(pid) || !isAlive(pid)) return false
  const { stdout, error } = spawnSync('ps', ['-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' })
  return error !== undefined || /dev(-deno)?\.ts/.test(stdout)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readPid(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10)
  } catch {
    return Number.NaN
  }
}

function inUse(file: string): Failure {
  return new Failure(
    `${describeUse(dirname(file), readPid(file))}: end that one, or choose another folder with --data.`,
  )
}
