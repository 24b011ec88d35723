// Which key signs, as a client sees it, in a copy of the project with a .dev.vars of its own.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { testSettings } from '../support/settings.ts'
import { type Command, copyProject, ownSecret, startCommand, stopCommands } from './commands.ts'

const copy = copyProject()
const file = join(copy.directory, '.dev.vars')
const deno = join(copy.directory, 'node_modules/.bin/deno')

afterEach(stopCommands)
afterAll(copy.remove)

/** Which key signs the token of a new account, found by verifying it. */
async function registerToken(command: Command, port: number, email: string): Promise<string> {
  await command.printed('Ctrl-C')
  const answer = await fetch(`http://127.0.0.1:${port}/auth/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password: '123456' }),
  })
  const { auth_token: token } = (await answer.json()) as { auth_token: string }
  return token
}

async function isSignedWith(token: string, key: string): Promise<boolean> {
  const secret = new TextEncoder().encode(key)
  return jwtVerify(token, secret).then(
    () => true,
    () => false,
  )
}

async function end(command: Command): Promise<void> {
  command.child.kill('SIGTERM')
  expect(await command.exitCode()).toBe(0)
}

describe.each(['dev', 'dev-deno'])('scripts/%s.ts', (script) => {
  it('writes no key where --var gives one', async () => {
    const away = ['--var', 'TURSO_DATABASE_URL:http://127.0.0.1:9']
    const places = ['--port', String(await findFreePort()), '--data', join(copy.directory, 'data')]
    const args = [`scripts/${script}.ts`, ...places, ...ownSecret, ...away]
    const dev = startCommand(process.execPath, args, { cwd: copy.directory })
    expect(await dev.exitCode()).toBe(4)
    expect(dev.output()).toContain('The migration failed')
    expect(existsSync(file)).toBe(false)
  })
})

describe.each(['workerd', 'Deno, without a Node'])('the key on %s', (runtime) => {
  const start = (port: number, databasePort: number, ...more: string[]) => {
    const places = ['--port', `${port}`, '--database-port', `${databasePort}`, ...more]
    if (runtime === 'workerd') {
      return startCommand(process.execPath, ['scripts/dev.ts', ...places], { cwd: copy.directory })
    }
    const env = { PATH: '/nowhere', HOME: process.env.HOME, BCRYPT_COST: 'from the shell' }
    return startCommand(deno, ['task', 'dev', ...places], { cwd: copy.directory, env })
  }

  it('is the active one of .dev.vars, where random ones are written once', async () => {
    const port = await findFreePort()
    const dev = start(port, await findFreePort())
    const token = await registerToken(dev, port, 'first@example.com')
    const variables = parseEnv(readFileSync(file, 'utf8'))
    const key = String(variables.SECRET_KEY)
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { keys } = JSON.parse(String(variables.SIGNING_KEYS))
    const keySet = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`))
    const { protectedHeader } = await jwtVerify(token, keySet)
    expect(protectedHeader.kid).toBe(keys[0].kid)
    for (const secret of [key, keys[0].d]) expect(dev.output()).not.toContain(secret)
    await end(dev)
  })

  it('is that of --var if there is one, and .dev.vars stays as it is', async () => {
    const before = readFileSync(file, 'utf8')
    const port = await findFreePort()
    const dev = start(port, await findFreePort(), ...ownSecret)
    const token = await registerToken(dev, port, 'second@example.com')
    expect(await isSignedWith(token, testSettings.SECRET_KEY)).toBe(true)
    expect(dev.output().replace(/^.*Task.*$/m, '')).not.toContain(testSettings.SECRET_KEY)
    expect(readFileSync(file, 'utf8')).toBe(before)
    await end(dev)
  })
})
