// An old hash is renewed once, however many log in at once, on two processes over one database.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createPasswordHasher } from '../../src/service/domain/identity/password-hasher.ts'
import { createClientOf, freshEmail } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let database: ServedDatabase
let servers: Server[] = []

beforeAll(async () => {
  database = await startDatabase()
  // Every hash that an account ever gets.
  await database.query('CREATE TABLE hashes_written (hash TEXT NOT NULL)')
  await database.query(`CREATE TRIGGER hash_written AFTER UPDATE OF password_hash ON portcullis_users
    BEGIN INSERT INTO hashes_written VALUES (NEW.password_hash); END`)
  const settings = { ...testSettings, BCRYPT_COST: '6', TURSO_DATABASE_URL: database.url }
  servers = [await serveOnWorkerd(inject('bundle'), settings), await serveOnDeno(settings)]
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await database?.stop()
})

const clientOf = (place: number) => createClientOf(servers[place % servers.length]?.baseUrl ?? '')

it.each(['a good password', `Mine is ${'a good and long password, '.repeat(4)}`])(
  'renews an old hash once for 20 logins at once, and all succeed: %s',
  async (password) => {
    const account = { email: freshEmail(), password }
    expect((await clientOf(0).register(account)).status).toBe(201)
    const old = await createPasswordHasher(4, systemRuntime).hash(password)
    const store = 'UPDATE portcullis_users SET password_hash = ? WHERE email = ?'
    await database.query(store, old, account.email)
    await database.query('DELETE FROM hashes_written')
    const logIn = (place: number) => clientOf(place).login(account)
    const answers = await Promise.all(Array.from({ length: 20 }, (_, place) => logIn(place)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await logIn(0)).status).toBe(200)
    const written = await database.query('SELECT hash FROM hashes_written')
    expect(written).toHaveLength(1)
    const sql = 'SELECT password_hash AS hash FROM portcullis_users WHERE email = ?'
    expect(await database.query(sql, account.email)).toEqual(written)
  },
)
