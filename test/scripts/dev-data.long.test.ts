// Two development commands and one data folder, in a repository of the user.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { ownSecret, startCommand, stopCommands } from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-data-'))
const git = (...args: string[]) => spawnSync('git', args, { cwd: directory, encoding: 'utf8' })
git('init', '--quiet')

afterEach(stopCommands)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function start(script: string, folder: string) {
  const [port, databasePort] = [await findFreePort(), await findFreePort()]
  const places = ['--port', `${port}`, '--database-port', `${databasePort}`]
  const args = [`scripts/${script}.ts`, ...places, '--data', join(directory, folder), ...ownSecret]
  return startCommand(process.execPath, args)
}

describe.each(['dev', 'dev-deno'])('the folder of scripts/%s.ts', (script) => {
  it('is refused to a second command, ignored by git, and free after the end', async () => {
    const dev = await start(script, script)
    await dev.printed('Ctrl-C')
    const read = () =>
      script === 'dev' ? readFileSync(join(directory, script, 'database.env'), 'utf8') : ''
    const before = read()
    for (const other of ['dev', 'dev-deno']) {
      const second = await start(other, script)
      expect(await second.exitCode()).toBe(1)
      expect(second.output()).toContain(
        `is in use by another development command (process ${dev.child.pid})`,
      )
    }
    const beside = startCommand(process.execPath, dev.child.spawnargs.slice(1))
    expect(await beside.exitCode()).toBe(1)
    const others = script === 'dev' ? ' --database-port PORT' : ''
    expect(beside.output()).toContain(
      `choose others with all of these: --data DIR --port PORT${others}\n`,
    )
    expect(read()).toBe(before)
    expect(git('status', '--porcelain', '--untracked-files=all').stdout).toBe('')
    dev.child.kill('SIGTERM')
    expect(await dev.exitCode()).toBe(0)
    const next = await start(script, script)
    await next.printed('Ctrl-C')
  })
})
