// Whatever ends a development command, at whatever moment, nothing that it has started is left.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort, isPortTaken } from '../../scripts/ports.ts'
import {
  type Command,
  ownSecret,
  processNumbers,
  root,
  startCommand,
  startNpm,
  stopCommands,
  untilGone,
} from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-ends-'))

afterEach(stopCommands)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Run {
  readonly command: Command
  readonly port: number
  readonly databasePort: number
}

type Start = (...args: string[]) => Command
const withNpm: Start = (...args) => startNpm('dev', ...args)
const withNode: Start = (...args) => startCommand(process.execPath, ['scripts/dev.ts', ...args])

async function run(start: Start): Promise<Run> {
  const port = await findFreePort()
  const databasePort = await findFreePort()
  const places = ['--port', `${port}`, '--database-port', `${databasePort}`, '--data', directory]
  return { command: start(...places, ...ownSecret), port, databasePort }
}

async function expectNothingLeft({ port, databasePort }: Run): Promise<void> {
  await untilGone(directory, `--port ${port}`, `127.0.0.1:${port}`)
  expect(await isPortTaken(port)).toBe(false)
  expect(await isPortTaken(databasePort)).toBe(false)
}

describe('npm run dev leaves nothing behind', () => {
  it.each([
    ['sqld starts', 'SIGTERM', 'Starting sqld'],
    ['wrangler starts', 'SIGINT', 'Starting wrangler dev'],
    ['the terminal is closed', 'SIGHUP', 'Ctrl-C'],
  ] as const)('when %s and %s comes', async (_, signal, line) => {
    const dev = await run(withNpm)
    await dev.command.printed(line)
    dev.command.child.kill(signal)
    // npm itself may end with the signal.
    await dev.command.exitCode()
    await expectNothingLeft(dev)
  })

  it('when Ctrl-C is pressed twice, and prints nothing more', async () => {
    const dev = await run(withNode)
    await dev.command.printed('Ctrl-C')
    const said = dev.command.output()
    dev.command.child.kill('SIGINT')
    dev.command.child.kill('SIGINT')
    expect(await dev.command.exitCode()).toBe(0)
    expect(dev.command.output().slice(said.length)).not.toMatch(/fail|error|ended/i)
    await expectNothingLeft(dev)
  })

  it('when npm is killed', async () => {
    const dev = await run(withNpm)
    await dev.command.printed('Ctrl-C')
    dev.command.child.kill('SIGKILL')
    await expectNothingLeft(dev)
  })

  it('when the reader of its output is gone', async () => {
    const dev = await run((...args) =>
      startCommand('bash', [
        '-c',
        `"$@" | head -n 1`,
        'bash',
        process.execPath,
        'scripts/dev.ts',
        ...args,
      ]),
    )
    await dev.command.exitCode()
    expect(dev.command.output()).toMatch(/^Starting sqld.*\n$/)
    await expectNothingLeft(dev)
  })

  it.each([
    ['sqld', 'sqld has ended by itself: run `npm run dev` again.'],
    ['wrangler', 'wrangler dev has ended by itself: run the command again.'],
  ])('when %s dies, and says so', async (name, sentence) => {
    const dev = await run(withNode)
    await dev.command.printed('Ctrl-C')
    const port = name === 'sqld' ? dev.databasePort : dev.port
    const [victim] = processNumbers(`bin/${name}`, `${port}`)
    process.kill(victim ?? Number.NaN, 'SIGKILL')
    expect(await dev.command.exitCode()).toBe(1)
    expect(dev.command.output()).toContain(sentence)
    await expectNothingLeft(dev)
  })
})

describe('a database that does not answer', () => {
  it.each(['dev', 'dev:deno'])(
    'does not delay the end of npm run %s',
    async (script) => {
      let asked = () => {}
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve
      })
      const hanging = createServer(() => asked())
      const port = await findFreePort()
      await new Promise<void>((resolve) => hanging.listen(port, '127.0.0.1', resolve))
      const url = `TURSO_DATABASE_URL:http://127.0.0.1:${port}`
      const free = ['--port', String(await findFreePort())]
      const file = `scripts/${script.replace(':', '-')}.ts`
      const command = startCommand(process.execPath, [file, ...free, ...ownSecret, '--var', url], {
        cwd: root,
      })
      await isAsked
      command.child.kill('SIGTERM')
      expect(await command.exitCode()).toBe(0)
      expect(command.output()).not.toContain('failed')
      hanging.close()
      // Earlier than the command would give up by itself.
    },
    10_000,
  )
})
