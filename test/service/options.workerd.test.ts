import { describe, expect, it } from 'vitest'
import { createDatabaseSource, openRemoteDatabase } from '../../src/database.ts'
import { createApp, createDeps, createService, createWorker } from '../../src/server.ts'
import { createFakeClock, createTestService, database } from '../support/service.ts'

const { config } = await createTestService()
const parts = { runtime: createFakeClock(), database, log: () => {} }

describe('createWorker', () => {
  it.each([
    [{ claims: {} }, 'claims must be a function, and is of type object.'],
    [
      { claim: () => ({}) },
      'createWorker has no option claim; it has claims, passwordHashes, mailer.',
    ],
    [{ passwordHashes: ['argon2id'] }, 'passwordHashes must be a list of families, each with name'],
    ['x', 'createWorker takes an object of options'],
  ])('refuses the options %j', (options, sentence) => {
    expect(() => createWorker(options as never)).toThrow(sentence)
  })
})

describe.each([
  ['createService', createService],
  ['createDeps', createDeps],
])('%s', (_, make) => {
  it.each([
    [{ runtime: undefined }, 'runtime must have the functions now,'],
    [{ database: {} }, 'database must be a database, as openRemoteDatabase gives it'],
    [{ database: undefined }, 'database must be a database, as openRemoteDatabase gives it'],
    [{ log: undefined }, 'log must be a function, and is undefined.'],
    [{ claims: {} }, 'claims must be a function'],
    [{ clientAddress: '127.0.0.1' }, 'clientAddress must be a function'],
    [{ passwordHashes: {} }, 'passwordHashes must be a list of families'],
    [{ passwordHashes: [{ name: 'x' }] }, 'passwordHashes must be a list of families'],
    [{ hashQueue: {} }, 'createDeps has no option hashQueue; it has runtime, database'],
  ])('refuses the options %j', (wrong, sentence) => {
    expect(() => make(config, { ...parts, ...wrong } as never)).toThrow(sentence)
  })

  it.each([
    [undefined],
    [{ ok: true, value: config }],
    [Promise.resolve({ ok: true, value: config })],
    [{ ...config, secretKey: undefined }],
    [{ ...config, issuer: `${config.issuer}/` }],
  ])('accepts only the value of parseConfig', (other) => {
    expect(() => make(other as never, parts)).toThrow(
      'config must be the `value` of what parseConfig gives.',
    )
  })
})

describe('createApp', () => {
  const deps = createDeps(config, parts)

  it('accepts the result of createDeps, in which only claims and mailer are optional', () => {
    expect(createApp(deps).fetch).toBeTypeOf('function')
    for (const name of Object.keys(deps)) {
      if (name === 'claims' || name === 'mailer') continue
      expect(() => createApp({ ...deps, [name]: undefined })).toThrow(`${name} must `)
    }
  })

  it('names an unknown option, such as the settings of 0.5', () => {
    expect(() => createApp({ ...deps, passwordMinLength: 12 } as never)).toThrow(
      'createApp has no option passwordMinLength; it has runtime, database',
    )
  })
})

describe('a database', () => {
  const url = 'libsql://example.turso.io'

  it.each([
    [
      { url, authToken: 7 },
      'authToken must be a text of ASCII characters without spaces, as TURSO_AUTH_TOKEN, and is 7.',
    ],
    [{ url, hasReplicas: 'present' }, 'hasReplicas must be true or false, and is of type string.'],
    [{ url, timeoutMs: 2 ** 31 }, 'timeoutMs must be a whole number of milliseconds, from 1 to'],
    [{ url, databaseAuthToken: 'x' }, 'openRemoteDatabase has no option databaseAuthToken; it has'],
    [undefined, 'openRemoteDatabase takes an object of options'],
  ])('is not opened with %j', (options, sentence) => {
    expect(() => openRemoteDatabase(options as never)).toThrow(sentence)
  })

  it.each([undefined, {}, url, { url }])('is required for a source, which refuses %j', (wrong) => {
    expect(() => createDatabaseSource(wrong as never)).toThrow(
      'database must be a database, as openRemoteDatabase gives it',
    )
  })
})
