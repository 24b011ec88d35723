// Deleting an account does not depend on whether foreign keys count, which is a setting of the
// connection.

import { createClient } from '@libsql/client/node'
import { expect, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { deleteAccount } from '../../../src/service/store/account-administration.ts'
import type { Database } from '../../../src/service/store/database.ts'
import { insertUserAndSession } from '../../../src/service/store/sessions.ts'
import { createDatabaseFile } from '../../support/database.ts'

const entry = { event: 'users delete', actor: 'administrator' } as const
const newId = () => createRandomId(systemRuntime)

async function insertAccount(database: Database, email: string) {
  const user = { email, emailNormalized: email, spellings: [email], passwordHash: newId() }
  const lifetimes = { idleSeconds: 3_600, absoluteSeconds: 7_200 }
  const session = { sessionId: newId(), device: undefined, address: undefined, lifetimes }
  const tokenExpiresAt = systemRuntime.now() + 900
  const account = { ...user, tokenGeneration: newId() }
  return insertUserAndSession(database, account, { ...session, tokenExpiresAt }, entry)
}

it.each(['ON', 'OFF'])(
  'deletes an account with its sessions alone, foreign keys %s',
  async (keys) => {
    const file = await createDatabaseFile()
    const client = createClient({ url: file.url })
    await client.execute(`PRAGMA foreign_keys = ${keys}`)
    const database: Database = { hasReplicas: true, withClient: (use) => use(client) }
    const other = await insertAccount(database, 'bob@example.com')
    const gone = await insertAccount(database, 'ada@example.com')
    const change = { spellings: ['ada@example.com'], entry }
    const userId = Number(gone?.userId)
    expect(await deleteAccount(database, change, userId)).toBe(true)
    expect(await deleteAccount(database, change, userId)).toBe(false)
    const rowsOf = async (sql: string) =>
      (await client.execute(sql)).rows.map((row) => ({ ...row }))
    expect(await rowsOf('SELECT user_id FROM portcullis_sessions')).toEqual([
      { user_id: other?.userId },
    ])
    expect(await rowsOf('SELECT id FROM portcullis_users')).toEqual([{ id: other?.userId }])
    expect(await rowsOf('SELECT id FROM portcullis_revoked_tokens')).toEqual([
      { id: gone?.tokenGeneration },
    ])
    const next = await insertAccount(database, 'ada@example.com')
    expect(next?.userId).toBeGreaterThan(userId)
    // Another account has taken the email.
    const everything = () =>
      Promise.all(
        ['users', 'sessions', 'revoked_tokens'].map((name) =>
          rowsOf(`SELECT * FROM portcullis_${name}`),
        ),
      )
    const before = await everything()
    expect(await deleteAccount(database, change, userId)).toBe(false)
    expect(await everything()).toEqual(before)
    client.close()
    await file.stop()
  },
)
