// After a restored backup, the command asks for the keys that were in use, and checks that they no
// longer sign. It revokes them in one step with the feed's new epoch.

import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isOpaqueId } from '../../src/crypto/random-id.ts'
import { keyRevocationId } from '../../src/token/access-token.ts'
import { publicJwkSet } from '../../src/token/signing-key.ts'
import { createDatabaseFile, type TestDatabase } from '../support/database.ts'
import { createKeySet } from '../support/issuing-service.ts'
import { readSet, root } from './commands.ts'

let directory: string
let database: TestDatabase
let issuer: Server
/** The answer of the issuer. */
let published: string
let oldKeys: string
let newKeys: string

beforeAll(async () => {
  issuer = createServer((request, answer) => {
    const isThere = request.url === '/tenant/.well-known/jwks.json' && published !== ''
    answer.writeHead(isThere ? 200 : 404).end(published)
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise((resolve) => issuer.close(resolve)))

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-restored-'))
  database = await createDatabaseFile()
  oldKeys = await createKeySet()
  newKeys = await createKeySet()
  writeFileSync(join(directory, 'old.json'), oldKeys)
  published = publicSet(newKeys)
})
afterEach(async () => {
  await database.stop()
  rmSync(directory, { recursive: true, force: true })
})

const publicSet = (keys: string) => JSON.stringify(publicJwkSet(readSet(keys)))
const namesIn = (keys: string) => readSet(keys).map(({ kid }) => kid)
const issuerUrl = () => `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/tenant`

/** Runs in a folder of its own. Asynchronous, because the issuer is in this process. */
function migrateRestored(...args: string[]): Promise<{ status: number | null; said: string }> {
  const place = [join(root, 'src/cli/main.ts'), 'migrate', '--restored', '--url', database.url]
  const child = spawn(process.execPath, [...place, ...args], { cwd: directory })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
    })
  }
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, said })))
}

function insertAccounts(count: number) {
  return database.query(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO portcullis_users (email, email_normalized, password_hash, token_generation, registered_at)
    SELECT i, i, '', 'a-generation-16c', 0 FROM n`,
    count,
  )
}

/** The epoch, and what is revoked forever. */
async function stateOf() {
  const [state] = await database.query('SELECT epoch FROM portcullis_feed_state')
  const rows = await database.query(
    'SELECT id FROM portcullis_revoked_tokens WHERE expires_at = 4294967295',
  )
  return { epoch: state?.epoch, revoked: rows.map(({ id }) => id).sort() }
}

async function idsOf(keys: string) {
  return (await Promise.all(namesIn(keys).map(keyRevocationId))).sort()
}

/** Expects a failure with this sentence, and no change. */
async function expectRefused(args: string[], sentence: RegExp, status = 1): Promise<void> {
  const before = await stateOf()
  expect(await migrateRestored(...args)).toEqual({
    status,
    said: expect.stringMatching(sentence),
  })
  expect(await stateOf()).toEqual(before)
}

describe('ids of accounts that the backup has forgotten', () => {
  const insertAccount = async (email: string) => {
    const [row] = await database.query(
      `INSERT INTO portcullis_users (email, email_normalized, password_hash, token_generation, registered_at)
        VALUES (?, ?, '', 'a-generation-16c', 0) RETURNING id`,
      email,
      email,
    )
    return Number(row?.id)
  }

  it.each([0, 2])(
    'are not given to new accounts, with %i accounts in the backup',
    async (accounts) => {
      for (let id = 1; id <= accounts; id += 1) await insertAccount(`${id}@example.com`)
      const answer = await migrateRestored('--file', 'old.json', '--issuer', issuerUrl())
      expect(answer.said).toContain('skip 1,000,000 ids')
      expect(await insertAccount('new@example.com')).toBe(1_000_001 + accounts)
    },
  )
})

describe('portcullis migrate --restored', () => {
  it.each(['private', 'public'])(
    'revokes the keys of a %s set once others are published',
    async (kind) => {
      if (kind === 'public') writeFileSync(join(directory, 'old.json'), publicSet(oldKeys))
      const before = await stateOf()
      const { status, said } = await migrateRestored('--file', 'old.json', '--issuer', issuerUrl())
      expect(status).toBe(0)
      for (const kid of namesIn(oldKeys)) expect(said).toContain(kid)
      expect(said).toContain('put a new one (`wrangler secret put SECRET_KEY`)')
      expect(said).not.toContain('It was not checked')
      const after = await stateOf()
      expect(after.revoked).toEqual(await idsOf(oldKeys))
      expect(after.epoch).toMatch(/^[0-9a-f]{24}$/)
      expect(after.epoch).not.toBe(before.epoch)
    },
  )

  it('can run again', async () => {
    await migrateRestored('--file', 'old.json', '--issuer', issuerUrl())
    const once = await stateOf()
    expect(await migrateRestored('--file', 'old.json')).toMatchObject({ status: 0 })
    const twice = await stateOf()
    expect(twice.revoked).toEqual(once.revoked)
    expect(twice.epoch).not.toBe(once.epoch)
  })

  it('gives every account a generation of its own', async () => {
    await insertAccounts(1_000)
    const generations = async () => {
      const rows = await database.query('SELECT token_generation AS id FROM portcullis_users')
      return rows.map(({ id }) => String(id))
    }
    const args = ['--file', 'old.json', '--issuer', issuerUrl()]
    await migrateRestored(...args)
    const once = await generations()
    expect(once.filter((id) => !isOpaqueId(id))).toEqual([])
    expect(new Set(once.join('')).size).toBe(64)
    await migrateRestored(...args)
    expect(new Set([...once, ...(await generations())]).size).toBe(2_000)
  })

  it('refuses without keys, and says where to find them', async () => {
    await expectRefused([], /^Say which keys were in use before: pass --file .* --issuer/, 2)
  })

  it('refuses while one of the keys is still published', async () => {
    const [kid = ''] = namesIn(oldKeys)
    const both = [...readSet(oldKeys).slice(0, 1), ...readSet(newKeys)]
    published = JSON.stringify(publicJwkSet(both))
    const args = ['--file', 'old.json', '--issuer', issuerUrl()]
    await expectRefused(args, new RegExp(`still published at .*: ${kid}\\. First deploy new ones`))
  })

  it('saves the published keys where it cannot tell old from new ones, and continues with them later', async () => {
    published = publicSet(oldKeys)
    const saved = join(directory, 'keys-before-restore.json')
    await expectRefused(['--issuer', issuerUrl()], /are now in keys-before-restore\.json/)
    expect([readFileSync(saved, 'utf8'), statSync(saved).mode & 0o777]).toEqual([published, 0o600])
    await expectRefused(['--issuer', issuerUrl()], /pass it: --file keys-before-restore\.json/)
    const args = ['--file', 'keys-before-restore.json', '--issuer', issuerUrl()]
    await expectRefused(args, /still published/)
    published = publicSet(newKeys)
    expect(await migrateRestored(...args)).toMatchObject({ status: 0 })
    expect((await stateOf()).revoked).toEqual(await idsOf(oldKeys))
  })

  it('does not follow a link when it saves', async () => {
    const target = join(directory, 'elsewhere')
    symlinkSync(target, join(directory, 'keys-before-restore.json'))
    await expectRefused(['--issuer', issuerUrl()], /cannot be made/)
    expect(existsSync(target)).toBe(false)
  })

  it('says what it could not check without an issuer', async () => {
    const { status, said } = await migrateRestored('--file', 'old.json')
    expect([status, said]).toEqual([
      0,
      expect.stringMatching(/It was not checked .* pass --issuer/),
    ])
    expect((await stateOf()).revoked).toEqual(await idsOf(oldKeys))
  })

  it('continues where only SECRET_KEY signs, and says what ends its tokens', async () => {
    published = '{"keys":[]}'
    const before = await stateOf()
    const { status, said } = await migrateRestored('--issuer', issuerUrl())
    expect([status, said]).toEqual([0, expect.stringContaining('a new SECRET_KEY ends them')])
    const after = await stateOf()
    expect(after.revoked).toEqual([])
    expect(after.epoch).not.toBe(before.epoch)
  })

  it.each([
    ['nothing at the issuer', '', [], /answers with status 404: check --issuer/],
    ['something else at the issuer', '<h1>Hello</h1>', [], /is no JWK Set/],
    ['keys without names', '{"keys":[{}]}', [], /is no JWK Set with a kid in each key/],
  ] as const)('explains %s', async (_, text, args, sentence) => {
    published = text
    await expectRefused(['--issuer', issuerUrl(), ...args], sentence)
  })

  it.each([
    [2, ['--issuer', 'auth.example.com'], /--issuer must be a URL such as/],
    [
      2,
      ['--issuer', 'https://a.example/'],
      /--issuer must be written as https:\/\/a\.example, and is https:\/\/a\.example\/\./,
    ],
    [4, ['--issuer', 'http://127.0.0.1:9'], /cannot be reached: check --issuer/],
    [1, ['--file', 'nowhere.json'], /nowhere\.json cannot be read: check --file/],
    [2, ['--check', '--file', 'old.json'], /--check changes nothing/],
  ])('exits %i and explains %j', async (status, args, sentence) => {
    await expectRefused(args, sentence, status)
  })

  it.each(['no JSON', '[]', '{"keys":[]}', '{"keys":[{"kid":7}]}'])(
    'explains an invalid key set file: %s',
    async (text) => {
      writeFileSync(join(directory, 'old.json'), text)
      await expectRefused(
        ['--file', 'old.json'],
        /old\.json must be a JWK Set with a kid in each key/,
      )
    },
  )
})
