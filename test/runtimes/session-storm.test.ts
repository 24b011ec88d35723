import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Sqld, startSqld } from '../../scripts/sqld.ts'
import { createClientOf, tokensOf } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const clients = 40
/** The codes that tell a client to log in. */
const logInCodes = [
  ...['refresh_token_reused', 'refresh_token_invalid', 'session_revoked', 'session_expired'],
]

describe('when the database is killed during many refreshes', () => {
  let database: ServedDatabase
  let server: Server
  let revived: Sqld | undefined
  const client = () => createClientOf(server.baseUrl)

  beforeAll(async () => {
    database = await startDatabase()
    const variables = { ...testSettings, TURSO_DATABASE_URL: database.url }
    server = await serveOnWorkerd(inject('bundle'), variables)
  })
  afterAll(async () => {
    await server?.stop()
    await revived?.stop()
    await database?.stop()
  })

  it('leaves every client able to refresh, or tells it to log in', async () => {
    const said: string[] = []
    const successors = new Map<string, string>()
    const contradictions: string[] = []
    const storm = { isOver: false }

    /** Presents the newest token of the client, and the same token again after no answer. */
    async function refreshOnce(newest: string): Promise<string> {
      const answer = await client().refresh(newest)
      said.push(`${answer.status} ${answer.body.code ?? ''}`.trim())
      if (answer.status !== 200) return newest
      const { refreshToken } = tokensOf(answer)
      const known = successors.get(newest) ?? refreshToken
      if (known !== refreshToken) contradictions.push(newest)
      successors.set(newest, refreshToken)
      return refreshToken
    }

    const registered = await Promise.all(Array.from({ length: clients }, () => client().tokens()))
    const storming = registered.map(async ({ refreshToken }) => {
      let newest = refreshToken
      while (!storm.isOver) newest = await refreshOnce(newest)
      return newest
    })
    await until(() => said.length > 5 * clients)
    database.sqld.process.kill('SIGKILL')
    await until(() => said.some((words) => words.startsWith('503')))
    const port = Number(new URL(database.url).port)
    revived = await startSqld({ port, directory: database.directory })
    const before = said.length
    await until(() => said.slice(before).filter((words) => words === '200').length > 2 * clients)
    storm.isOver = true
    const newest = await Promise.all(storming)

    const expected = ['200', '503 unavailable', ...logInCodes.map((code) => `401 ${code}`)]
    expect([...new Set(said)].filter((words) => !expected.includes(words))).toEqual([])
    expect(contradictions).toEqual([])
    const last = await Promise.all(newest.map((token) => client().refresh(token)))
    const lost = last.filter(
      ({ status, body }) => status !== 200 && !logInCodes.includes(String(body.code)),
    )
    expect(lost).toEqual([])
    expect(last.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
  })
})
