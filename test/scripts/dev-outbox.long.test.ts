// The outbox under the development commands, as a user runs them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { ownSecret, printedLines, startCommand, stopCommands } from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-outbox-'))
const deno = 'node_modules/.bin/deno'

afterEach(stopCommands)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function start(command: readonly string[], ...variables: string[]) {
  const ports = [await findFreePort(), await findFreePort()]
  const places = ['--port', `${ports[0]}`, '--database-port', `${ports[1]}`, '--data', directory]
  const more = ['BCRYPT_COST:4', ...variables].flatMap((variable) => ['--var', variable])
  const [file = '', ...args] = command
  const dev = startCommand(file, [...args, ...places, ...ownSecret, ...more])
  await dev.printed('The API reference is at')
  const [, url] = /Mails of the service are at (\S+)/.exec(dev.output()) ?? []
  return { ...dev, url }
}

describe.each([
  [[process.execPath, 'scripts/dev.ts']],
  [[process.execPath, 'scripts/dev-deno.ts']],
  [[deno, 'run', '-A', 'scripts/dev-deno.ts']],
])('%j', (command) => {
  it('says where the outbox is, and ends it with the command', async () => {
    const dev = await start(command)
    const url = dev.url ?? ''
    expect(await (await fetch(url)).text()).toContain('No mail yet.')
    const { status } = await fetch(new URL('/emails', url), { method: 'POST', body: '{}' })
    expect(status).toBe(401)
    const answer = await fetch(`${url}.json`)
    expect(await answer.json()).toEqual({ mails: [] })
    dev.child.kill('SIGTERM')
    expect(await dev.exitCode()).toBe(0)
    await expect(fetch(url)).rejects.toThrow()
  })

  it('has no outbox when MAILER is set', async () => {
    const dev = await start(command, 'MAILER:none')
    expect(dev.url).toBe(undefined)
    expect(dev.output()).not.toContain('/account')
    expect(printedLines(dev)).toHaveLength(4)
    dev.child.kill('SIGTERM')
    expect(await dev.exitCode()).toBe(0)
  })
})
