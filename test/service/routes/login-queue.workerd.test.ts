// A login that finds the queue full costs nothing except the answer.

import { afterEach, describe, expect, it } from 'vitest'
import { createApp } from '../../../src/service/app.ts'
import type { PasswordHasher } from '../../../src/service/domain/identity/password-hasher.ts'
import { createDeps } from '../../../src/service/service.ts'
import {
  createCountingDatabase,
  createTestService,
  freshEmail,
  post,
} from '../../support/service.ts'

const password = 'a good password'

/** A service whose queue has one place, and whose hashes wait until they are released. */
async function createBusyService() {
  const { config, clock } = await createTestService()
  const database = createCountingDatabase()
  const deps = createDeps(
    { ...config, bcryptCost: 14 },
    { runtime: clock, database, log: () => {} },
  )
  const held = Promise.withResolvers<void>()
  let hashes = 0
  const hash = async () => {
    hashes += 1
    await held.promise
    return 'no hash at all'
  }
  const passwords: PasswordHasher = {
    hash,
    verify: async () => (await hash()) === '',
    hasConfiguredForm: () => true,
  }
  return {
    app: createApp({ ...deps, passwords }),
    letGo: held.resolve,
    counts: () => ({ roundTrips: database.roundTrips, hashes }),
  }
}

describe('while another password is hashed', async () => {
  const service = await createBusyService()
  afterEach(service.letGo)

  it('refuses without a round trip or a hash', async () => {
    const first = post(service.app, '/auth/login', { email: freshEmail(), password })
    while (service.counts().hashes === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const before = service.counts()
    const refused = await Promise.all([
      post(service.app, '/auth/login', { email: freshEmail(), password }),
      post(service.app, '/auth/register', { email: freshEmail(), password }),
    ])
    for (const { status, headers, body } of refused) {
      expect([status, headers.get('Retry-After'), body]).toEqual([
        503,
        '1',
        {
          status: 'fail',
          code: 'unavailable',
          message: 'Too many logins at once. Try again in a second.',
        },
      ])
    }
    expect(service.counts()).toEqual(before)
    expect(before).toMatchObject({ hashes: 1 })
    service.letGo()
    expect((await first).status).toBe(404)
  })
})
