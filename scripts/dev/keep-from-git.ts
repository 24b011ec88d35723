import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src/cli/failure.ts'
import { createPrivateFile } from '../../src/cli/private-file.ts'

/** Everything that a development command makes in its folder. */
const ours = [
  '/.gitignore',
  '/sqld/',
  '/portcullis.db*',
  '/reference/',
  '/database.env*',
  '/dev.lock*',
]

/** Makes git ignore these files, where the folder is in a repository of the user. */
export function keepFromGit(data: string): void {
  // Status 1: git would track it. Without git or a repository, the status is another.
  const takesUp = (name: string) =>
    spawnSync('git', ['-C', data, 'check-ignore', '--quiet', name]).status === 1
  if (!['sqld/data', 'database.env', 'portcullis.db'].some(takesUp)) return
  const file = join(data, '.gitignore')
  if (existsSync(file)) {
    throw new Failure(
      `Git would track the database in ${data}: choose another folder with --data, or add these lines to its .gitignore: ${ours.slice(1).join(' ')}`,
    )
  }
  createPrivateFile(file, `# Of Portcullis's development command.\n${ours.join('\n')}\n`)
}
