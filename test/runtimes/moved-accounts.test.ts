// Hashes of other systems on real workerd, from the deployed bundle, and on real Deno.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bundleWorker } from '../support/bundle.ts'
import { createClientOf } from '../support/client.ts'
import { createDatabaseFile, startDatabase, type TestDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'
import betterAuth from '../vectors/better-auth.json' with { type: 'json' }
import foreign from '../vectors/foreign-hashes.json' with { type: 'json' }

interface Place {
  readonly database: TestDatabase
  readonly server: Server
}

const vectors = [...foreign.vectors, ...betterAuth.vectors]
/** One of each system, and those of the most work. */
const moved = vectors.filter(
  ({ system, hash }, index) =>
    vectors.findIndex((other) => other.system === system) === index ||
    /\$(100000|16384)\$|scrypt:32768|m=65536/.test(hash),
)

async function onWorkerd(bundle: string): Promise<Place> {
  const database = await startDatabase()
  const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
  return { database, server: await serveOnWorkerd(bundle, settings) }
}

async function onDeno(): Promise<Place> {
  const database = await createDatabaseFile()
  const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
  return { database, server: await serveOnDeno(settings) }
}

async function moveIn({ database }: Place, email: string, hash: string): Promise<void> {
  await database.query(
    `INSERT INTO portcullis_users
      (email, email_normalized, password_hash, token_generation, registered_at)
      VALUES (?, ?, ?, lower(hex(randomblob(8))), unixepoch())`,
    ...[email, email, hash],
  )
}

describe.each([
  ['workerd', true],
  ['Deno', false],
])('accounts that moved in, on %s', (_, isWorkerd) => {
  let place: Place
  let removeBundle = () => {}
  beforeAll(async () => {
    if (!isWorkerd) {
      place = await onDeno()
      return
    }
    const bundle = bundleWorker('wrangler.toml', 'test/support/argon2-worker.ts')
    removeBundle = bundle.remove
    place = await onWorkerd(bundle.file)
  })
  afterAll(async () => {
    await place.server.stop()
    await place.database.stop()
    removeBundle()
  })

  it.each(moved)('log in: $system, $name', async ({ system, name, password, hash }) => {
    const email = `${`${system}-${name}`.replaceAll(/\W+/g, '-').toLowerCase()}@example.com`
    await moveIn(place, email, hash)
    const client = createClientOf(place.server.baseUrl)
    const wrong = await client.login({ email, password: 'wrong' })
    const right = await client.login({ email, password })
    expect([wrong.status, right.status]).toEqual([404, 200])
  })
})

describe('the Worker without argon2id', () => {
  it('refuses its owner as for a wrong password, and tells the operator', async () => {
    const place = await onWorkerd(inject('bundle'))
    const { hash = '', password = '' } =
      foreign.vectors.find(({ family }) => family === 'argon2id') ?? {}
    await moveIn(place, 'ada@example.com', hash)
    const client = createClientOf(place.server.baseUrl)
    expect((await client.login({ email: 'ada@example.com', password })).status).toBe(404)
    const events = () => place.server.log().filter(({ event }) => event !== 'request')
    await until(() => events().length > 0)
    expect(events()).toEqual([
      {
        event: 'password_hash_unsupported',
        family: 'argon2id',
        problem: 'It needs portcullis/argon2.',
      },
    ])
    await place.server.stop()
    await place.database.stop()
  })
})
