import { chmodSync, lstatSync } from 'node:fs'

/**
 * Takes the access of others from a file or folder of ours that an earlier version has made, and says
 * so. Leaves alone what is missing, is a symbolic link, or belongs to somebody else.
 */
export function keepPrivate(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found || found.isSymbolicLink() || found.uid !== process.getuid?.()) return
  if ((found.mode & 0o077) === 0) return
  chmodSync(path, found.mode & 0o700)
  console.log(`Only you can read ${path} from now on: others could.`)
}
