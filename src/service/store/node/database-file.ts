// The file of a `file:` database. It holds emails and password hashes, and SQLite would create it
// readable for everybody. The files that SQLite later creates next to it get the same permissions.

import { closeSync, existsSync, lstatSync, openSync } from 'node:fs'

/** Whether a database is in a file. Schemes are compared without regard to case (RFC 3986 §3.1). */
export function isFileUrl(databaseUrl: string): boolean {
  return /^file:/i.test(databaseUrl)
}

/** The path of a `file:` URL, or undefined for a database that is not in a file. */
export function databaseFileOf(databaseUrl: string): string | undefined {
  const [, path] = /^file:(?:\/\/[^/]*)?([^?]+)/i.exec(databaseUrl) ?? []
  if (path === undefined || path === ':memory:') return undefined
  try {
    const file = decodeURIComponent(path)
    // No system allows a NUL in a file name.
    return file.includes('\0') ? undefined : file
  } catch {
    return undefined
  }
}

/** Whether the database is in a file, and the file does not exist. */
export function isMissingFile(databaseUrl: string): boolean {
  const file = databaseFileOf(databaseUrl)
  return file !== undefined && !existsSync(file)
}

/**
 * Creates an empty file that only its owner can access. An existing file stays as it is.
 *
 * @throws Error when it is a symbolic link to nothing. SQLite would follow the link, and create a
 * file that everybody can read
 */
export function createDatabaseFile(databaseUrl: string): void {
  const file = databaseFileOf(databaseUrl)
  if (file === undefined) return
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch {
    // The file exists, or it cannot be created. In the second case, opening the database reports
    // why.
    if (!isDanglingLink(file)) return
    throw new Error('The database file is a symbolic link to nothing.')
  }
}

function isDanglingLink(file: string): boolean {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
  return isLink && !existsSync(file)
}
