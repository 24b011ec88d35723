// The breach check of the service on workerd and on Deno, against an API on real sockets.

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type BreachApi, listedPassword, startBreachApi } from '../support/breach-api.ts'
import { createClientOf, freshEmail } from '../support/client.ts'
import { type ServedDatabase, startDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const platforms = {
  workerd: (variables: Record<string, string>) => serveOnWorkerd(inject('bundle'), variables),
  deno: serveOnDeno,
}

describe.each(Object.keys(platforms) as (keyof typeof platforms)[])(
  'the breach check on %s',
  (platform) => {
    let database: ServedDatabase
    let api: BreachApi
    beforeAll(async () => {
      database = await startDatabase()
      api = await startBreachApi()
    })
    afterAll(async () => {
      await api?.stop()
      await database?.stop()
    })

    /** A new process for each test, because the log has at most one line in 5 s. */
    async function withServer(use: (server: Server) => Promise<void>, url = api.url) {
      const server = await platforms[platform]({
        ...testSettings,
        TURSO_DATABASE_URL: database.url,
        PASSWORD_BREACH_CHECK: 'on',
        PASSWORD_BREACH_URL: url,
      })
      try {
        await use(server)
      } finally {
        await server.stop()
      }
    }
    const register = (server: Server) =>
      createClientOf(server.baseUrl).register({ email: freshEmail(), password: listedPassword })
    const failuresOf = (server: Server) =>
      server.log().filter(({ event }) => event === 'breach_check_failed')
    const requestsOf = (server: Server) =>
      server.log().filter(({ route }) => String(route).endsWith('/register'))

    it('refuses a password of a breach, and registers with others', async () => {
      await withServer(async (server) => {
        for (const how of ['hit', 'lowerCaseHit'] as const) {
          api.answerWith(how)
          const { status, body } = await register(server)
          expect([status, body.code]).toEqual([422, 'invalid_input'])
          expect(JSON.stringify(body.errors)).toContain('was in a data breach')
        }
        for (const how of ['miss', 'padding'] as const) {
          api.answerWith(how)
          expect((await register(server)).status).toBe(201)
        }
        await until(() => requestsOf(server).length === 4)
        expect(failuresOf(server)).toEqual([])
        expect(server.output()).not.toContain(listedPassword)
      })
    })

    it.each([
      ['slow', 'timeout'],
      ['slowBody', 'timeout'],
      ['cut', 'connection'],
      ['cutChunks', 'connection'],
      ['error', 'status'],
      ['redirect', 'status'],
      ['html', 'format'],
      ['huge', 'size'],
    ] as const)(
      'registers within 2 s when the answer is %s, and logs %s once',
      async (how, reason) => {
        api.answerWith(how)
        await withServer(async (server) => {
          const beganAt = performance.now()
          const answers = await Promise.all([register(server), register(server)])
          expect(performance.now() - beganAt).toBeLessThan(2_000)
          expect(answers.map(({ status }) => status)).toEqual([201, 201])
          await until(() => requestsOf(server).length === 2)
          expect(failuresOf(server)).toEqual([{ event: 'breach_check_failed', reason }])
        })
      },
    )

    it('registers when nothing listens', async () => {
      const gone = await startBreachApi()
      await gone.stop()
      await withServer(async (server) => {
        expect((await register(server)).status).toBe(201)
        await until(() => requestsOf(server).length === 1)
        const failure = { event: 'breach_check_failed', reason: 'connection' }
        expect(failuresOf(server)).toEqual([failure])
      }, gone.url)
    })
  },
)
