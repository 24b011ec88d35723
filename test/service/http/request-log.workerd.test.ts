import { describe, expect, inject, it } from 'vitest'
import { openRemoteDatabase } from '../../../src/database.ts'
import { ask, createTestService, post } from '../../support/service.ts'

const linesOf = (log: readonly string[]) => log.map((line) => JSON.parse(line))

async function logIn(url: string, authToken?: string) {
  const service = await createTestService({}, { database: openRemoteDatabase({ url, authToken }) })
  const account = { email: 'ada@example.com', password: 'a good password' }
  const answers = [
    await post(service.app, '/auth/login', account),
    await post(service.app, '/auth/register', account),
  ]
  return { ...service, answers }
}

describe('the log of a service over a database', () => {
  it('without migrations says once what to do, and does not repeat it with each request', async () => {
    const { app, log, answers } = await logIn(inject('emptyDatabaseUrl'))
    expect(answers.map(({ status }) => status)).toEqual([503, 503])
    const [told, ...requests] = linesOf(log)
    expect(told).toEqual({
      event: 'schema_outdated',
      message: expect.stringContaining('Run `portcullis migrate`.'),
    })
    expect(requests).toHaveLength(2)
    for (const line of requests) {
      expect(line).toMatchObject({ event: 'request', error: 'SchemaOutdated' })
      expect(line).not.toHaveProperty('stack')
    }
    const ready = await ask(app, '/ready')
    expect([ready.status, ready.body.code]).toEqual([503, 'schema_outdated'])
  })

  it('that is down names its host and what to look at, in one line without a stack', async () => {
    const { log } = await logIn('http://127.0.0.1:9', 'a-secret-token')
    for (const line of linesOf(log)) {
      expect(line.error).toMatch(
        /^DatabaseUnavailable: The database at 127\.0\.0\.1:9 gave no usable answer \(\w+\): check that it runs, and TURSO_DATABASE_URL\.$/,
      )
      expect(line).not.toHaveProperty('stack')
    }
    expect(log).toHaveLength(2)
    expect(log.join()).not.toContain('a-secret-token')
  })
})
