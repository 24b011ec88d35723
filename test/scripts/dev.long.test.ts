// The development commands as a user runs them: real processes, real ports.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort, isPortTaken } from '../../scripts/ports.ts'
import { testSettings } from '../support/settings.ts'
import {
  type Command,
  ownSecret,
  printedLines,
  processesAbout,
  root,
  startNpm,
  stopCommands,
  tryPrintedLines,
} from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-dev-'))

afterEach(stopCommands)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Dev extends Command {
  readonly ports: readonly [number, number]
}

/** `npm run <script>` with ports and a folder of its own. */
async function start(script: string, name: string, ...more: string[]): Promise<Dev> {
  const ports = [await findFreePort(), await findFreePort()] as const
  const places = ['--port', String(ports[0]), '--database-port', String(ports[1])]
  return { ...startNpm(script, ...places, '--data', join(directory, name), ...more), ports }
}

/** Runs the command until it ends by itself, as it should when something prevents its start. */
function runToEnd(script: string, ...args: string[]) {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, sentence: stderr.trim() }
}

describe.each(['dev', 'dev:deno'])('npm run %s', (script) => {
  it('starts, prints six commands that work, and leaves nothing behind after SIGTERM', async () => {
    const name = script.replace(':', '-')
    const dev = await start(script, name, ...ownSecret, '--var', 'BCRYPT_COST:4')
    await dev.printed('Ctrl-C')
    expect(printedLines(dev), dev.output()).toHaveLength(6)
    const answers = await tryPrintedLines(dev)
    expect(answers).toContain('"user_id":1')
    expect(answers).toMatch(/Successfully logged out\..*\neyJ.*\n\S+\nCode: .*Password changed\./s)
    expect(dev.output()).toMatch(/Mail to (ada-\w+@example\.com).*\n.*Its code is/)
    const page = /The page for a new password is at (\S+)/.exec(dev.output())?.[1]
    expect((await fetch(page ?? '')).status).toBe(200)
    await dev.printed('"route":"/auth/logout"')
    expect(dev.output()).not.toContain(testSettings.SECRET_KEY)
    expect(dev.output()).not.toContain('[wrangler:info] POST')
    dev.child.kill('SIGTERM')
    await dev.exitCode()
    for (const port of dev.ports) expect(await isPortTaken(port)).toBe(false)
    expect(processesAbout(join(directory, name), String(dev.ports[0]))).toEqual([])
  })

  it('keeps its data, and accepts other settings the next time', async () => {
    const name = script.replace(':', '-')
    const dev = await start(script, name, ...ownSecret, '--var', 'HTTP_CONTRACT:standard')
    await dev.printed('Ctrl-C')
    expect(dev.output()).not.toContain('Applied migration')
    const login = await fetch(`http://127.0.0.1:${dev.ports[0]}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"email":"nobody@example.com","password":"123456"}',
    })
    expect(login.status).toBe(401)
    dev.child.kill('SIGINT')
    await dev.exitCode()
    expect(processesAbout(join(directory, name), String(dev.ports[0]))).toEqual([])
  })
})

describe('a problem at the start', () => {
  let occupied: Server
  let port: string

  beforeAll(async () => {
    occupied = createServer()
    await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve))
    const address = occupied.address()
    port = String(typeof address === 'object' ? address?.port : '')
  })
  afterAll(() => occupied.close())

  it.each(['dev', 'dev:deno'])('is named by npm run %s in one sentence', async (script) => {
    const free = ['--port', String(await findFreePort())]
    expect(runToEnd(script, ...ownSecret, '--port', port)).toEqual({
      status: 1,
      sentence: `Port ${port} is in use: choose another one for the service with --port.`,
    })
    expect(runToEnd(script, ...free, '--var', 'SECRET_KEY:short')).toEqual({
      status: 1,
      sentence:
        'Some settings are wrong. Change them with --var: SECRET_KEY must have at least 32 bytes (RFC 7518 §3.2).',
    })
    expect(runToEnd(script, '--var', 'nonsense').sentence).toContain('Write it as NAME:VALUE')
    expect(runToEnd(script, '--var', 'TOKEN_TRANSPROT:cookie').sentence).toMatch(
      /There is no setting TOKEN_TRANSPROT; the settings are .*TOKEN_TRANSPORT/,
    )
    expect(runToEnd(script, '--port', '0').sentence).toContain('A port is a whole number')
    const file = join(directory, 'a-file')
    writeFileSync(file, '')
    const places = [...free, '--database-port', String(await findFreePort()), '--data', `${file}/x`]
    const { status, sentence } = runToEnd(script, ...places, ...ownSecret)
    expect([status, sentence]).toEqual([
      1,
      expect.stringContaining('cannot be made or written: choose another'),
    ])
  })

  it('is named for a folder under /proc, where Node would try forever', async () => {
    const places = ['--port', String(await findFreePort()), '--data', '/proc/portcullis']
    const { status, sentence } = runToEnd('dev:deno', ...places, ...ownSecret)
    expect([status, sentence]).toEqual([1, expect.stringContaining('choose another one')])
  })

  it('is named for the database port', async () => {
    const free = ['--port', String(await findFreePort())]
    expect(runToEnd('dev', ...free, ...ownSecret, '--database-port', port)).toEqual({
      status: 1,
      sentence: `Port ${port} is in use: choose another one for the database with --database-port.`,
    })
  })

  it('is named for a database that cannot be migrated', async () => {
    const free = ['--port', String(await findFreePort())]
    const away = ['--var', `TURSO_DATABASE_URL:http://127.0.0.1:${await findFreePort()}`]
    const { status, sentence } = runToEnd('dev', ...free, ...ownSecret, ...away)
    expect([status, sentence]).toEqual([
      4,
      expect.stringContaining('The migration failed: the database cannot be reached'),
    ])
  })
})
