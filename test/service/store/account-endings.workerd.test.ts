// How long logging out everywhere is remembered. A generation always gets a row.

import { createClient } from '@libsql/client/http'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { createRandomId } from '../../../src/crypto/random-id.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { endAccountSessions } from '../../../src/service/store/account-administration.ts'
import { database, insertAccount, testEntry } from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const query = async (sql: string, ...args: (string | number)[]) =>
  (await client.execute({ sql, args })).rows
const slackSeconds = 5
let userId: number

beforeEach(async () => {
  userId = await insertAccount()
})

/** Logs out the account everywhere. Gives the seconds for which that is remembered. */
async function endEverything(): Promise<number> {
  const [user] = await query(
    'SELECT email_normalized, token_generation FROM portcullis_users WHERE id = ?',
    userId,
  )
  const tokenGeneration = createRandomId(systemRuntime)
  await endAccountSessions(database, {
    spellings: [String(user?.email_normalized)],
    tokenGeneration,
    entry: testEntry,
  })
  const [row] = await query(
    'SELECT expires_at - revoked_at AS kept FROM portcullis_revoked_tokens WHERE id = ?',
    String(user?.token_generation),
  )
  return Number(row?.kept)
}

const addSession = (tokensExpireInSeconds: number) =>
  query(
    `INSERT INTO portcullis_sessions (id, user_id, created_at, authenticated_at, rotated_at, expires_at, absolute_expires_at, tokens_issued, tokens_expire_at)
      VALUES (?, ?, 0, 0, 0, unixepoch() + 9000, unixepoch() + 9000, 1, unixepoch() + ?)`,
    createRandomId(systemRuntime),
    userId,
    tokensExpireInSeconds,
  )

describe('logging out everywhere is remembered', () => {
  it('until the last token of all sessions of the account has expired', async () => {
    await addSession(5_000)
    await addSession(60)
    expect(Math.abs((await endEverything()) - 5_000)).toBeLessThan(slackSeconds)
  })

  it('with a row that expires now where all sessions are over', async () => {
    await query('UPDATE portcullis_sessions SET tokens_expire_at = 1 WHERE user_id = ?', userId)
    expect(await endEverything()).toBe(0)
  })

  it('for a day where its tokens are unknown, and never longer', async () => {
    await query('DELETE FROM portcullis_sessions WHERE user_id = ?', userId)
    expect(await endEverything()).toBe(86_400)
    userId = await insertAccount()
    await addSession(999_999)
    expect(await endEverything()).toBe(86_400)
  })
})
