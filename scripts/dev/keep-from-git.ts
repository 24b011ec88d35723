import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../src/cli/failure.ts'
import { createPrivateFile } from '../../src/cli/private-file.ts'

/** All that a development command makes in its folder. */
const ours = [
  '/.gitignore',
  '/sqld/',
  '/portcullis.db*',
  '/reference/',
  '/database.env*',
  '/dev.lock*',
]

/** Lets git ignore what is made in the folder, where that is in somebody's repository. */
export function keepFromGit(data: string): void {
  // 1 says that git would take it up; there need be no git and no repository.
  const takesUp = (name: string) =>
    spawnSync('git', ['-C', data, 'check-ignore', '--quiet', name]).status === 1
  if (!['sqld/data', 'database.env', 'portcullis.db'].some(takesUp)) return
  const file = join(data, '.gitignore')
  if (existsSync(file)) {
    throw new Failure(
      `Git would take up the database in ${data}: choose another folder with --data, or add these lines to its .gitignore: ${ours.slice(1).join(' ')}`,
    )
  }
  createPrivateFile(file, `# Of Portcullis's development command.\n${ours.join('\n')}\n`)
}
