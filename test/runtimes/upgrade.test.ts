// The upgrade from 0.4: migrate first, deploy second. Until every isolate has the new version, both
// versions serve one database with the new schema.

import { createClient } from '@libsql/client/node'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { applyMigrations } from '../../src/service/store/node/apply-migrations.ts'
import { createClientOf, freshEmail, type Tokens, tokensOf } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { type EarlierVersion, takeEarlierVersion } from '../support/earlier-version.ts'
import { claimsOf } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

type Client = ReturnType<typeof createClientOf>

const rounds = 40
const roundsAtOnce = 8

describe('0.4 and this version over one database', () => {
  let earlier: EarlierVersion
  let database: ServedDatabase
  let old: Server
  let current: Server
  /** The tokens of accounts from before the migration. */
  let before: Tokens[]
  const clients = (): [Client, Client] => [
    createClientOf(old.baseUrl),
    createClientOf(current.baseUrl),
  ]
  /** When the last token with each seen id expires. */
  const lastExpiry = new Map<string, number>()
  const noted = (tokens: Tokens): Tokens => {
    const { sid, jti, gen, exp } = claimsOf(tokens.token)
    for (const id of [sid, jti, gen]) lastExpiry.set(id, Math.max(exp, lastExpiry.get(id) ?? 0))
    return tokens
  }

  beforeAll(async () => {
    earlier = await takeEarlierVersion()
    database = await startDatabase(earlier.applyMigrations)
    const settings = { ...testSettings, TURSO_DATABASE_URL: database.url }
    const variables = { ...settings, SIGNING_KEYS: await createKeySet() }
    old = await serveOnWorkerd(earlier.bundle, variables)
    const client = createClientOf(old.baseUrl)
    before = await Promise.all(Array.from({ length: 10 }, () => client.tokens()))
    before.forEach(noted)
    const migrating = createClient({ url: database.url })
    await applyMigrations(migrating)
    migrating.close()
    // Longer than the lifetime of 0.4, which does not know of it.
    const lifetime = { ACCESS_TOKEN_LIFETIME_SECONDS: '3600' }
    current = await serveOnWorkerd(inject('bundle'), { ...variables, ...lifetime })
  }, 120_000)
  afterAll(async () => {
    await current?.stop()
    await old?.stop()
    await database?.stop()
    earlier?.remove()
  })

  /** Whether each version accepts a token. */
  const statusesOf = async (token: string) =>
    (await Promise.all(clients().map((client) => client.status(token)))).map(({ status }) => status)

  it('are both ready', async () => {
    const answers = await Promise.all(clients().map((client) => client.ready()))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  it('log nobody out: earlier sessions continue at either version, in turn', async () => {
    for (const [at, first] of before.slice(0, 5).entries()) {
      let tokens = first
      for (let refreshes = 0; refreshes < 6; refreshes += 1) {
        const client = clients()[(at + refreshes) % 2] as Client
        const answer = await client.refresh(tokens.refreshToken)
        expect(answer.status).toBe(200)
        tokens = noted(tokensOf(answer))
        expect(await statusesOf(tokens.token)).toEqual([200, 200])
      }
    }
  })

  it('give the same successor, whichever version answers', async () => {
    const { refreshToken } = before[5] as Tokens
    const answers = await Promise.all(clients().map((client) => client.refresh(refreshToken)))
    expect(new Set(answers.map((answer) => tokensOf(answer).refreshToken)).size).toBe(1)
  })

  /** Begins at one version, refreshes at either, and revokes everything at one of them. */
  async function playRound(round: number): Promise<string[]> {
    const [older, newer] = clients()
    const [one, other] = round % 2 ? [older, newer] : [newer, older]
    const account = { email: freshEmail(), password: 'a good password' }
    const first = noted(tokensOf(await one.register(account)))
    const second = noted(tokensOf(await other.login(account)))
    const next = noted(tokensOf(await other.refresh(first.refreshToken)))
    const last = noted(tokensOf(await one.refresh(next.refreshToken)))
    const endings = [
      () => other.logout(last.token),
      () => one.logout(last.token),
      () => other.revoke(last.refreshToken),
      () => other.logoutEverywhere(second.token),
      () => one.logoutEverywhere(second.token, { keep_current: true }),
      () => other.endSession(second.token, claimsOf(first.token).sid),
    ]
    const ended = await endings[round % endings.length]?.()
    const accepted = await Promise.all([first, next, last].map(({ token }) => statusesOf(token)))
    const refreshed = await Promise.all(
      [one, other].map(({ refresh }) => refresh(last.refreshToken)),
    )
    return [
      ...(ended?.status === 200 ? [] : [`ending: ${ended?.status}`]),
      ...accepted
        .flat()
        .filter((status) => status !== 401)
        .map((status) => `token: ${status}`),
      ...refreshed.filter(({ status }) => status !== 401).map(({ status }) => `refresh: ${status}`),
    ]
  }

  it(`accept no revoked token in ${rounds} rounds of refreshing and ending at either`, async () => {
    for (let played = 0; played < rounds; played += roundsAtOnce) {
      const batch = Array.from({ length: roundsAtOnce }, (_, at) => playRound(played + at))
      expect((await Promise.all(batch)).flat()).toEqual([])
    }
  })

  it('remember every revocation until the last token with its id has expired', async () => {
    const rows = await database.query('SELECT id, expires_at FROM portcullis_revoked_tokens')
    const tooShort = rows.filter(
      ({ id, expires_at }) => Number(expires_at) < (lastExpiry.get(String(id)) ?? 0),
    )
    expect(rows.length).toBeGreaterThan(rounds / 2)
    expect(tooShort).toEqual([])
  })

  it('detect the reuse of a refresh token, whichever version has rotated it', async () => {
    const [one, two] = clients()
    for (const [rotating, asked] of [
      [one, two],
      [two, one],
      [two, two],
    ] as const) {
      const { refreshToken } = await rotating.tokens()
      await rotating.refresh(refreshToken)
      await database.query(
        'UPDATE portcullis_sessions SET rotated_at = rotated_at - 90, marked_at = marked_at - 90 WHERE id = ?',
        refreshToken.split('.')[0] ?? '',
      )
      expect((await asked.refresh(refreshToken)).body.code).toBe('refresh_token_reused')
    }
  })
})
