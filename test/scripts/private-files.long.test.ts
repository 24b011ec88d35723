// Files of the commands that others could read. The shell has the usual umask 022, with which all
// users can read new files.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { testSettings } from '../support/settings.ts'
import { type Command, copyProject, root, startCommand, stopCommands } from './commands.ts'

let copy: ReturnType<typeof copyProject>
let elsewhere: string
beforeEach(() => {
  copy = copyProject()
  elsewhere = mkdtempSync(join(tmpdir(), 'portcullis-data-'))
})
afterEach(() => {
  stopCommands()
  copy.remove()
  rmSync(elsewhere, { recursive: true, force: true })
})

/** Starts a command of the copy under umask 022. */
function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const shell = ['-c', 'umask 022; exec "$@"', 'bash', file, ...args]
  return startCommand('bash', shell, { cwd: copy.directory, env: { ...process.env, ...env } })
}

async function startDev(script: string, ...more: string[]): Promise<Command> {
  const ports = [await findFreePort(), await findFreePort()]
  const places = ['--port', `${ports[0]}`, '--database-port', `${ports[1]}`]
  const dev = start(process.execPath, [`scripts/${script}.ts`, ...places, ...more])
  await dev.printed('Ctrl-C')
  return dev
}

async function end(command: Command): Promise<void> {
  command.child.kill('SIGTERM')
  await command.exitCode()
}

/** The files that others can read or write, apart from links and installed packages. */
function openToOthers(directory: string): string[] {
  const args = [directory, '-name', 'node_modules', '-prune', '-o', '-perm', '/077', '!', '-type']
  const found = execFileSync('find', [...args, 'l', '-printf', '%P\n'], { encoding: 'utf8' })
  return found.split('\n').filter(Boolean).sort()
}

const modeOf = (path: string) => statSync(path).mode & 0o777
const migrate = (...args: string[]) =>
  start(process.execPath, ['src/cli/main.ts', 'migrate', ...args])

describe.each(['dev', 'dev-deno'])('files of scripts/%s.ts', (script) => {
  const database = script === 'dev' ? 'sqld' : 'portcullis.db'

  it('are never readable by others, from the start', async () => {
    const before = openToOthers(copy.directory)
    const dev = await startDev(script)
    expect(openToOthers(copy.directory)).toEqual(before)
    await end(dev)
    expect(openToOthers(copy.directory)).toEqual(before)
    expect(modeOf(join(copy.directory, '.portcullis'))).toBe(0o700)
    expect(modeOf(join(copy.directory, '.dev.vars'))).toBe(0o600)
    expect(dev.output()).not.toContain('Only you can read')
  })

  it('become private where an earlier version has made them, and the command says so', async () => {
    const data = join(copy.directory, '.portcullis')
    mkdirSync(data)
    if (database === 'sqld') mkdirSync(join(data, database))
    else writeFileSync(join(data, database), '')
    const dev = await startDev(script, '--var', `SECRET_KEY:${testSettings.SECRET_KEY}`)
    for (const path of [data, join(data, database)]) {
      expect(modeOf(path) & 0o077).toBe(0)
      expect(dev.output()).toContain(`Others on this machine could read ${path}`)
    }
    await end(dev)
  })

  it('are private in a folder of the user, whose own access stays', async () => {
    chmodSync(elsewhere, 0o755)
    await end(await startDev(script, '--data', elsewhere))
    expect(modeOf(elsewhere)).toBe(0o755)
    expect(modeOf(join(elsewhere, database)) & 0o077).toBe(0)
  })
})

describe('the database in a file', () => {
  const urlOf = (file: string) => `file:${join(elsewhere, file)}`

  it('is created by a migration for its owner alone', async () => {
    const command = migrate('--url', urlOf('new.db'))
    expect([await command.exitCode(), command.output()]).toEqual([
      0,
      expect.not.stringContaining('Others'),
    ])
    expect(openToOthers(elsewhere)).toEqual([])
  })

  it('is not created through a dangling symbolic link, by a migration or by the service', async () => {
    const target = join(elsewhere, 'target.db')
    symlinkSync(target, join(elsewhere, 'link.db'))
    const command = migrate('--url', urlOf('link.db'))
    expect(await command.exitCode()).toBe(1)
    expect(command.output()).toContain('the database file is a symbolic link to nothing')
    const variables = { TURSO_DATABASE_URL: urlOf('link.db'), PORT: `${await findFreePort()}` }
    const deno = join(root, 'node_modules/.bin/deno')
    const service = start(deno, ['task', 'start'], { ...testSettings, ...variables })
    expect(await service.exitCode()).toBe(1)
    expect(service.output()).toContain('that the file is not a symbolic link to nothing')
    expect(existsSync(target)).toBe(false)
  })

  it('keeps its access, and a migration says how to change that', async () => {
    const file = join(elsewhere, 'old.db')
    writeFileSync(file, '')
    const command = migrate('--url', urlOf('old.db'))
    expect(await command.exitCode()).toBe(0)
    expect(command.output()).toContain(`Others on this machine can read ${file}`)
    expect(command.output()).toContain(`chmod 600 ${file}*`)
    expect(modeOf(file)).toBe(0o644)
  })

  it('is created by the service on Deno for its owner alone, like the files next to it', async () => {
    const variables = { TURSO_DATABASE_URL: urlOf('deno.db'), PORT: `${await findFreePort()}` }
    const deno = join(root, 'node_modules/.bin/deno')
    const service = start(deno, ['task', 'start'], { ...testSettings, ...variables })
    await service.printed('listening')
    expect(openToOthers(elsewhere)).toEqual([])
    await end(service)
  })
})
