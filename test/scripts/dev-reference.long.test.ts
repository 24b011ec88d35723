// The API reference next to the service, under the development commands, in a copy of the project.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { referenceHeaders } from '../../scripts/reference/write-reference.ts'
import { openApiDocument } from '../support/openapi-document.ts'
import { type Command, copyProject, ownSecret, startCommand, stopCommands } from './commands.ts'

const copy = copyProject()
const documentFile = join(copy.directory, 'openapi.json')

afterEach(stopCommands)
afterAll(copy.remove)

interface Dev extends Command {
  readonly url: string
}

async function start(
  script: 'dev' | 'dev-deno',
  document: string,
  runtime: readonly [string, ...string[]] = [process.execPath],
): Promise<Dev> {
  writeFileSync(documentFile, document)
  const ports = [await findFreePort(), await findFreePort()] as const
  const places = ['--port', String(ports[0]), '--database-port', String(ports[1])]
  const [command, ...more] = runtime
  const args = [...more, `scripts/${script}.ts`, ...places, ...ownSecret, '--var', 'BCRYPT_COST:4']
  const dev = startCommand(command, args, {
    cwd: copy.directory,
    // As in a shell without npm's own variables.
    env: { ...process.env, INIT_CWD: undefined },
  })
  await dev.printed('/auth/logout')
  return { ...dev, url: `http://127.0.0.1:${ports[0]}` }
}

async function end(dev: Dev): Promise<void> {
  dev.child.kill('SIGTERM')
  expect(await dev.exitCode()).toBe(0)
}

/** Requests of every kind: answered, refused and unknown. */
const requests: readonly (readonly [string, string])[] = [
  ...[
    ['GET', '/'] as const,
    ['GET', '/health'] as const,
    ['GET', '/.well-known/jwks.json'] as const,
  ],
  ...[['POST', '/auth/login'] as const, ['GET', '/auth/login'] as const],
  ...[['GET', '/auth/status'] as const, ['DELETE', '/health'] as const],
  ...[['OPTIONS', '/auth/login'] as const, ['GET', '/openapi.json'] as const],
  ...[['GET', '/_headers'] as const, ['GET', '/docs/nothing'] as const, ['PUT', '/x'] as const],
]

/** The answers, without the parts that differ each time. */
async function answersOf({ url }: Dev) {
  return Promise.all(
    requests.map(async ([method, path]) => {
      const answer = await fetch(`${url}${path}`, { method, redirect: 'manual' })
      const headers = Object.fromEntries(answer.headers)
      const { 'x-request-id': _, ...steady } = headers
      return [method, path, answer.status, steady, await answer.text()]
    }),
  )
}

async function expectReference(url: string, server: string): Promise<void> {
  const page = await fetch(url)
  expect([page.status, page.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8'])
  for (const [name, value] of Object.entries(referenceHeaders)) {
    expect([name, page.headers.get(name)]).toEqual([name, value])
  }
  const html = readFileSync(join(copy.directory, 'scripts/reference/index.html'), 'utf8')
  expect(await page.text()).toBe(html)
  const document = await fetch(new URL('openapi.json', page.url))
  expect(await document.json()).toEqual({ ...openApiDocument, servers: [{ url: server }] })
  for (const name of ['scalar.js', 'start.js']) {
    const script = await fetch(new URL(name, page.url))
    expect([name, script.status]).toEqual([name, 200])
    expect(script.headers.get('Content-Type')).toContain('text/javascript')
    await script.body?.cancel()
  }
}

describe('the API reference under npm run dev', () => {
  it('is at /docs, and the service answers everything else as without it', async () => {
    const dev = await start('dev', JSON.stringify(openApiDocument))
    await dev.printed(`The API reference is at ${dev.url}/docs`)
    await expectReference(`${dev.url}/docs`, '/')
    const withReference = await answersOf(dev)
    await end(dev)
    const without = await start('dev', 'no document')
    expect(without.output()).toContain(`There is no API reference: ${documentFile} is missing, or`)
    expect(without.output()).not.toContain('The API reference is at')
    expect((await fetch(`${without.url}/docs`)).status).toBe(404)
    expect(withReference).toEqual(await answersOf(without))
    await end(without)
  })
})

const deno = join(copy.directory, 'node_modules/.bin/deno')

describe.each([
  ['npm run dev:deno', [process.execPath]],
  ['deno task dev', [deno, 'run', '-A']],
] as const)('the API reference under %s', (_, runtime) => {
  it('has a port of its own, and ends with the command', async () => {
    const dev = await start('dev-deno', JSON.stringify(openApiDocument), runtime)
    await dev.printed('The API reference is at ')
    const [, url = ''] = /The API reference is at (\S+)/.exec(dev.output()) ?? []
    await expectReference(url, dev.url)
    await expectReference(url.replace(/\/$/, ''), dev.url)
    const { status } = await fetch(new URL('/docs/../../package.json', url))
    expect(status).toBe(404)
    expect((await fetch(`${dev.url}/docs`)).status).toBe(404)
    await end(dev)
    await expect(fetch(url)).rejects.toThrow()
  })
})
