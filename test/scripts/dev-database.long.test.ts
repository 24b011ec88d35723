// The development database and a web page that the developer visits. The page can send requests to
// this machine, from its own origin or under its own host name (DNS rebinding).

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { testSettings } from '../support/settings.ts'
import {
  type Command,
  ownSecret,
  processesAbout,
  runNpm,
  startNpm,
  stopCommands,
} from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-dev-database-'))
const variablesFile = join(directory, 'database.env')
let port: number
let databasePort: number
let dev: Command

beforeAll(async () => {
  port = await findFreePort()
  databasePort = await findFreePort()
  dev = await start()
})
afterAll(() => {
  stopCommands()
  rmSync(directory, { recursive: true, force: true })
})

async function start(): Promise<Command> {
  const places = ['--port', `${port}`, '--database-port', `${databasePort}`, '--data', directory]
  const command = startNpm('dev', ...places, ...ownSecret, '--var', 'BCRYPT_COST:4')
  await command.printed('Ctrl-C')
  return command
}

interface Said {
  readonly status: number | undefined
  readonly text: string
}

/** A request that a page could make the browser send. */
function ask(
  at: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: at, method, path, headers }
    const asked = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      answer.once('end', () => resolve({ status: answer.statusCode, text }))
    })
    asked.once('error', reject).end(body)
  })
}

const variables = () => parseEnv(readFileSync(variablesFile, 'utf8'))
const ours = () => {
  const { TURSO_DATABASE_URL: url = '', TURSO_AUTH_TOKEN: authToken = '' } = variables()
  return createClient({ url, authToken })
}
const sql = 'CREATE TABLE planted (a)'
const bodies: Readonly<Record<string, string>> = {
  '/': JSON.stringify({ statements: [sql] }),
  '/v1/execute': JSON.stringify({ stmt: { sql } }),
  '/v2/pipeline': JSON.stringify({ requests: [{ type: 'execute', stmt: { sql } }] }),
  '/v3/pipeline': JSON.stringify({ requests: [{ type: 'execute', stmt: { sql } }] }),
}
const evil: readonly (readonly [string, Record<string, string>])[] = [
  ['another origin', { Origin: 'https://evil.example', 'Content-Type': 'text/plain' }],
  ['another host name', { Host: `evil.example:1`, 'Content-Type': 'application/json' }],
  ['an origin that it keeps to itself', { Origin: 'null', 'Content-Type': 'text/plain' }],
]

describe('the database of npm run dev', () => {
  it.each(evil)('executes nothing for a page of %s', async (_, headers) => {
    for (const [path, body] of Object.entries(bodies)) {
      const { status } = await ask(databasePort, 'POST', path, headers, body)
      expect([path, status]).toEqual([path, 401])
    }
    expect((await ask(databasePort, 'GET', '/dump', headers)).status).toBe(401)
    const { rows } = await ours().execute("SELECT 1 FROM sqlite_schema WHERE name = 'planted'")
    expect(rows).toEqual([])
  })

  it('executes nothing over a WebSocket without the token', async () => {
    const url = `ws://127.0.0.1:${databasePort}`
    const [stranger, own] = [
      createClient({ url }),
      createClient({ url, authToken: String(variables().TURSO_AUTH_TOKEN) }),
    ]
    await expect(stranger.execute('SELECT 1')).rejects.toThrow()
    expect((await own.execute('SELECT 1')).rows).toHaveLength(1)
    for (const client of [stranger, own]) client.close()
  })

  it('is open to tools, with a file that only its owner can read', async () => {
    expect(statSync(variablesFile).mode & 0o777).toBe(0o600)
    expect(dev.output()).toContain(`set -a; . ${variablesFile}`)
    const { rows } = await ours().execute('SELECT count(*) AS users FROM portcullis_users')
    expect(rows[0]?.users).toEqual(expect.any(Number))
  })

  it('makes `users create` accept what the service accepts', () => {
    const create = ['users', 'create', 'grace@intranet']
    const { status, stdout } = runNpm('admin', create, variables(), '123456')
    expect([status, stdout]).toEqual([0, expect.stringContaining('grace@intranet')])
  })

  it('is open to the service, and its token is in no output and on no command line', async () => {
    const headers = { 'Content-Type': 'application/json' }
    const account = JSON.stringify({ email: 'ada@example.com', password: '123456' })
    expect((await ask(port, 'POST', '/auth/register', headers, account)).status).toBe(201)
    const token = String(variables().TURSO_AUTH_TOKEN)
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/)
    expect(dev.output()).not.toContain(token)
    expect(processesAbout(token)).toEqual([])
    const wrangler = processesAbout('bin/wrangler').filter((line) => line.includes(`${port}`))
    expect(wrangler).not.toEqual([])
    expect(wrangler.join()).not.toContain(testSettings.SECRET_KEY)
  })

  it('accepts the token of a run only in that run', async () => {
    const { TURSO_DATABASE_URL: url = '', TURSO_AUTH_TOKEN: authToken = '' } = variables()
    dev.child.kill('SIGTERM')
    await dev.exitCode()
    expect(existsSync(variablesFile)).toBe(false)
    dev = await start()
    await expect(createClient({ url, authToken }).execute('SELECT 1')).rejects.toThrow()
    await ours().execute('SELECT 1')
  })

  it('does not send its token to a database that the user names', async () => {
    const asked: IncomingHttpHeaders[] = []
    const other = createServer(({ headers }, answer) => {
      asked.push(headers)
      answer.writeHead(500).end()
    })
    const at = await findFreePort()
    await new Promise<void>((resolve) => other.listen(at, '127.0.0.1', resolve))
    const free = ['--port', String(await findFreePort())]
    const named = ['--var', `TURSO_DATABASE_URL:http://127.0.0.1:${at}`]
    expect(await startNpm('dev', ...free, ...ownSecret, ...named).exitCode()).toBe(4)
    other.close()
    expect(asked).not.toEqual([])
    for (const { authorization } of asked) expect(authorization).toBeUndefined()
  })
})

describe("wrangler's own endpoints", () => {
  it.each(evil)('do nothing for a page of %s', async (_, headers) => {
    for (const path of [
      '/cdn-cgi/local/scheduled',
      '/cdn-cgi/handler/scheduled',
      '/cdn-cgi/local/explorer',
      '/cdn-cgi/explorer',
      '/cdn-cgi/mf/scheduled',
    ]) {
      expect([path, (await ask(port, 'GET', path, headers)).status]).toEqual([path, 403])
    }
  })
})
