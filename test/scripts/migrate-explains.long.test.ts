import { createServer, type RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { root, runNpm, startNpm, stopCommands } from './commands.ts'

/** An address at which nothing listens. */
const closed = 'http://127.0.0.1:9'

afterEach(stopCommands)

async function migrate(...args: string[]) {
  const command = startNpm('migrate', ...args)
  return { status: await command.exitCode(), said: command.output() }
}

/** Migrates a server that answers as `listener` does. */
async function migrateServer(listener: RequestListener) {
  const server = createServer(listener)
  const port = await findFreePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const result = await migrate('--url', `http://127.0.0.1:${port}`)
  server.closeAllConnections()
  server.close()
  return result
}

describe('npm run migrate explains', () => {
  it.each([
    ['no database', 2, [], 'Say which database'],
    ['an address that is none', 2, ['--url', 'nonsense:x'], '--url must be a libsql:'],
    [
      'a token in the address',
      2,
      ['--url', 'libsql://x.turso.io?authToken=t'],
      'no user, password',
    ],
    ['a database in memory', 2, ['--url', 'file::memory:'], 'must name a file, such as file:/var'],
    ['a name that no file has', 2, ['--url', 'file:a%00b'], 'must name a file, such as file:/var'],
    ['a folder', 2, ['--check', '--url', 'file:x/..'], 'must name a file, such as file:/var'],
    ['a path that is missing', 2, ['--url', 'file:'], 'must name a file, such as file:/var'],
    ['plain HTTP', 2, ['--url', 'http://db.internal'], 'is http: and not on this machine'],
    [
      'a file in no folder',
      1,
      ['--url', 'file:/nowhere/x.db'],
      'the database file cannot be opened',
    ],
    ['a file that is none', 1, ['--url', `file:${root}package.json`], 'the file is not a database'],
    ['keys without a backup', 2, ['--url', 'file:x.db', '--file', 'x'], 'belong to --restored'],
    [
      'a closed port',
      4,
      ['--url', closed],
      'The migration failed: the database cannot be reached; check --url, and that it is running.',
    ],
    [
      'a check that fails',
      4,
      ['--check', '--url', closed],
      'The migrations were not checked: the database cannot be reached; check --url',
    ],
  ])('%s', async (_, code, args, sentence) => {
    const { status, said } = await migrate(...args)
    expect([status, said]).toEqual([code, expect.stringContaining(sentence)])
  })

  it('names the variable that the address comes from', () => {
    const { stderr } = runNpm('migrate', ['--check'], { TURSO_DATABASE_URL: closed })
    expect(stderr).toContain('check TURSO_DATABASE_URL, and that it is running.')
  })

  it.each([
    [401, 1, 'the database refuses the token'],
    [502, 4, 'what answers there is no libSQL database'],
  ])('an answer of %i', async (answered, code, sentence) => {
    const { status, said } = await migrateServer((_, answer) =>
      answer.writeHead(answered).end('no'),
    )
    expect([status, said]).toEqual([code, expect.stringContaining(sentence)])
  })

  it('a database that does not answer, after 15 s', async () => {
    const { status, said } = await migrateServer(() => {})
    expect([status, said]).toEqual([4, expect.stringContaining('did not answer within 15 s')])
  })
})
