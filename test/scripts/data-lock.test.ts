// Who may use a data folder, with real processes and a real git.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockData } from '../../scripts/dev/data-lock.ts'
import { keepFromGit } from '../../scripts/dev/keep-from-git.ts'

let directory: string
let lock: string
const running: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-lock-'))
  lock = join(directory, 'dev.lock')
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

/** A process that lives until the test ends, under the name of a script. */
function startProcess(name: string): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', name])
  running.push(child)
  return Number(child.pid)
}

describe('the folder of a development command', () => {
  it('is locked for one process, and no other file is left in it', () => {
    lockData(directory)
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`)
    expect(readdirSync(directory)).toEqual(['dev.lock'])
  })

  it('is refused while another command has it, whose lock stays', () => {
    const other = startProcess('scripts/dev-deno.ts')
    writeFileSync(lock, `${other}\n`)
    expect(() => lockData(directory)).toThrow(
      `The folder ${directory} is in use by another development command (process ${other}): end that one, or choose another folder with --data.`,
    )
    expect(readFileSync(lock, 'utf8')).toBe(`${other}\n`)
    expect(readdirSync(directory)).toEqual(['dev.lock'])
  })

  it.each([
    ['has ended', () => spawnSync(process.execPath, ['--version']).pid],
    ['is something else today', () => startProcess('an-editor')],
    ['nobody can read', () => 'nonsense'],
  ])('is taken over from a process that %s', (_, holder) => {
    writeFileSync(lock, `${holder()}\n`)
    lockData(directory)
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n`)
    expect(readdirSync(directory)).toEqual(['dev.lock'])
  })
})

describe('a data folder in a repository of the user', () => {
  let data: string
  const git = (...args: string[]) => spawnSync('git', args, { cwd: directory, encoding: 'utf8' })
  beforeEach(() => {
    git('init', '--quiet')
    data = join(directory, 'data')
    mkdirSync(data)
  })
  const seen = () => git('status', '--porcelain', '--untracked-files=all').stdout

  it("is ignored by git, but not the user's own files in it", () => {
    writeFileSync(join(data, 'notes.txt'), 'mine')
    keepFromGit(data)
    // The next run finds the file and leaves it as it is.
    keepFromGit(data)
    for (const name of ['database.env', 'portcullis.db-wal', 'dev.lock', 'dev.lock.1.stale']) {
      writeFileSync(join(data, name), '')
    }
    for (const name of ['sqld', 'reference']) {
      mkdirSync(join(data, name))
      writeFileSync(join(data, name, 'file'), '')
    }
    expect(seen()).toBe('?? data/notes.txt\n')
  })

  it('gets no file where git already ignores it', () => {
    writeFileSync(join(directory, '.gitignore'), 'data/\n.gitignore\n')
    keepFromGit(data)
    expect(existsSync(join(data, '.gitignore'))).toBe(false)
  })

  it('is refused where its own .gitignore does not ignore the database', () => {
    writeFileSync(join(data, '.gitignore'), '*.log\n')
    expect(() => keepFromGit(data)).toThrow(`Git would track the database in ${data}`)
    expect(readFileSync(join(data, '.gitignore'), 'utf8')).toBe('*.log\n')
  })
})
