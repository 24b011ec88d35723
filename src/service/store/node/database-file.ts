// The file of a `file:` database. It holds emails and hashes of passwords, and SQLite would make it
// readable for everybody; what SQLite puts beside it later gets the same access.

import { closeSync, existsSync, lstatSync, openSync } from 'node:fs'

/** Whether a database is in a file. Schemes are compared without regard to case (RFC 3986 §3.1). */
export function isFileUrl(databaseUrl: string): boolean {
  return /^file:/i.test(databaseUrl)
}

/** The path of a `file:` URL, or undefined for a database that is in no file. */
export function databaseFileOf(databaseUrl: string): string | undefined {
  const [, path] = /^file:(?:\/\/[^/]*)?([^?]+)/i.exec(databaseUrl) ?? []
  if (path === undefined || path === ':memory:') return undefined
  try {
    const file = decodeURIComponent(path)
    // No system has a file of such a name.
    return file.includes('\0') ? undefined : file
  } catch {
    return undefined
  }
}

/** Whether the database is in a file, and the file is not there. */
export function isMissingFile(databaseUrl: string): boolean {
  const file = databaseFileOf(databaseUrl)
  return file !== undefined && !existsSync(file)
}

/**
 * Makes an empty file for its owner alone, where there is none. What is there stays as it is.
 *
 * @throws Error at a symbolic link to nothing: SQLite would follow it, and make a file for everybody
 */
export function createDatabaseFile(databaseUrl: string): void {
  const file = databaseFileOf(databaseUrl)
  if (file === undefined) return
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch {
    // It is there, or it cannot be made: then opening the database tells why.
    if (!isDanglingLink(file)) return
    throw new Error('The database file is a symbolic link to nothing.')
  }
}

function isDanglingLink(file: string): boolean {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  return isLink && !existsSync(file)
}
