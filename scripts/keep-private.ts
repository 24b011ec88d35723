import { chmodSync, lstatSync } from 'node:fs'

/**
 * Removes other users' access to a file or folder that an earlier version has made, and says so.
 * Does not touch a missing path, a symbolic link, or what belongs to another user.
 */
export function keepPrivate(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found || found.isSymbolicLink() || found.uid !== process.getuid?.()) return
  if ((found.mode & 0o077) === 0) return
  chmodSync(path, found.mode & 0o700)
  console.log(`Others on this machine could read ${path}. From now on, only you can.`)
}
