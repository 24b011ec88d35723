import { describe, expect, inject, it } from 'vitest'
import { openRemoteDatabase } from '../../../src/database.ts'

const url = 'libsql://example.turso.io'

describe('openRemoteDatabase', () => {
  it.each([url, 'https://db.example.com', 'http://127.0.0.1:8080'])(
    'accepts %s as its only option',
    (each) => {
      expect(openRemoteDatabase({ url: each }).hasReplicas).toBe(false)
    },
  )

  it('accepts all options', () => {
    const options = { url, authToken: 'token', timeoutMs: 1, hasReplicas: true }
    expect(openRemoteDatabase(options).hasReplicas).toBe(true)
  })

  it.each(['', 'db.example.com', 'file:local.db', 'wss://db.example.com', undefined as never])(
    'refuses the URL %j',
    (each) => {
      const open = () => openRemoteDatabase({ url: each })
      expect(open).toThrow(TypeError)
      expect(open).toThrow(/url must be a libsql:, https: or http: URL/)
    },
  )

  it('ignores the line ends that pipes leave', async () => {
    const piped = openRemoteDatabase({ url: `${inject('databaseUrl')}\n`, authToken: 'token\n' })
    const { rows } = await piped.withClient((client) => client.execute('SELECT 1 AS one'))
    expect(rows[0]?.one).toBe(1)
  })

  it.each([
    'https://me:secret@db.example.com',
    'https://db.example.com?authToken=secret',
    'libsql:db.example.com',
    'libsql://db.example\n.com',
    'http://127.0.0.1:0',
  ])('refuses the URL %j, which cannot work', (each) => {
    expect(() => openRemoteDatabase({ url: each })).toThrow(/url must be a libsql:/)
  })

  it.each(['two words', 'a\nb', 'tokén', 5])('refuses the token %j', (authToken) => {
    expect(() => openRemoteDatabase({ url, authToken: authToken as string })).toThrow(
      /authToken must be a text of ASCII characters/,
    )
  })

  it.each([{ url: 'wss://x?authToken=secret' }, { url, authToken: 'the secret' }])(
    'does not repeat what it refuses in %j',
    (options) => {
      expect(() => openRemoteDatabase(options)).toThrow(TypeError)
      expect(() => openRemoteDatabase(options)).not.toThrow(/secret/)
    },
  )

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5000' as never, null as never])(
    'refuses the time limit %j',
    (timeoutMs) => {
      const open = () => openRemoteDatabase({ url, timeoutMs })
      expect(open).toThrow(TypeError)
      expect(open).toThrow(/timeoutMs must be a whole number/)
    },
  )
})
