import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/service/config/config.ts'
import { settings } from '../../../src/service/config/settings.ts'

const workers = { hasFiles: false }
const good = {
  ISSUER: 'https://auth.example.com',
  TURSO_DATABASE_URL: 'libsql://portcullis-example.turso.io',
  SECRET_KEY: 'correct horse battery staple 0123456789',
}

function problemsOf(variables: Record<string, unknown>, platform = workers): readonly string[] {
  const config = parseConfig({ ...good, ...variables }, platform)
  return config.ok ? [] : config.error
}

function configOf(variables: Record<string, unknown>, platform = workers) {
  const config = parseConfig({ ...good, ...variables }, platform)
  if (!config.ok) throw new Error(config.error.join(' '))
  return config.value
}

describe('the configuration', () => {
  it('needs three settings, and has a default for every other', () => {
    expect(configOf({})).toEqual({
      issuer: good.ISSUER,
      audience: good.ISSUER,
      databaseUrl: good.TURSO_DATABASE_URL,
      databaseAuthToken: undefined,
      databaseTimeoutMs: 5_000,
      databaseHasReplicas: false,
      secretKey: good.SECRET_KEY,
      signingKeys: [],
      accessTokenLifetimeSeconds: 900,
      sessionIdleLifetimeSeconds: 30 * 86_400,
      sessionLifetimeSeconds: 90 * 86_400,
      refreshGraceSeconds: 30,
      keepsSessionAddresses: false,
      tokenTransport: 'bearer',
      oauthClients: [],
      bcryptCost: 10,
      passwordMinLength: 8,
      emailDomains: 'public',
      corsOrigins: [],
      contract: 'classic',
    })
  })

  it('takes what is set', () => {
    const config = configOf({
      AUDIENCE: 'https://api.example.com',
      TURSO_AUTH_TOKEN: 'a token',
      DATABASE_TIMEOUT_MS: '250',
      DATABASE_REPLICAS: 'present',
      ACCESS_TOKEN_LIFETIME_SECONDS: '60',
      SESSION_IDLE_LIFETIME_SECONDS: '3600',
      SESSION_LIFETIME_SECONDS: '7200',
      REFRESH_GRACE_SECONDS: '11',
      SESSION_ADDRESSES: 'keep',
      TOKEN_TRANSPORT: 'cookie',
      OAUTH_CLIENTS: `api:${'s'.repeat(32)}, web.1:${':'.repeat(40)}`,
      BCRYPT_COST: '4',
      PASSWORD_MIN_LENGTH: '15',
      EMAIL_DOMAINS: 'any',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:3000',
      HTTP_CONTRACT: 'standard',
    })
    expect(config).toMatchObject({
      audience: 'https://api.example.com',
      databaseAuthToken: 'a token',
      databaseTimeoutMs: 250,
      databaseHasReplicas: true,
      accessTokenLifetimeSeconds: 60,
      sessionIdleLifetimeSeconds: 3_600,
      sessionLifetimeSeconds: 7_200,
      refreshGraceSeconds: 11,
      keepsSessionAddresses: true,
      tokenTransport: 'cookie',
      oauthClients: [
        { id: 'api', secret: 's'.repeat(32) },
        { id: 'web.1', secret: ':'.repeat(40) },
      ],
      bcryptCost: 4,
      passwordMinLength: 15,
      emailDomains: 'any',
      corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
      contract: 'standard',
    })
  })

  it('lets a client ask again for an answer that the database has kept it from', () => {
    const graceOf = (variables: Record<string, string>) => configOf(variables).refreshGraceSeconds
    expect(graceOf({ DATABASE_TIMEOUT_MS: '30000' })).toBe(40)
    expect(graceOf({ DATABASE_TIMEOUT_MS: '20001' })).toBe(31)
    expect(graceOf({ DATABASE_TIMEOUT_MS: '30000', REFRESH_GRACE_SECONDS: '40' })).toBe(40)
    const tooShort = { DATABASE_TIMEOUT_MS: '5001', REFRESH_GRACE_SECONDS: '15' }
    expect(parseConfig({ ...good, ...tooShort }, workers)).toEqual({
      ok: false,
      error: [
        expect.stringMatching(
          /^REFRESH_GRACE_SECONDS must be at least 16 \(DATABASE_TIMEOUT_MS \+ 10 s\), and is 15:/,
        ),
      ],
    })
  })

  it('reports all problems together, by name', () => {
    const config = parseConfig({ BCRYPT_COST: '3', HTTP_CONTRACT: 'other' }, workers)
    expect(config).toEqual({
      ok: false,
      error: [
        'ISSUER is missing.',
        'TURSO_DATABASE_URL is missing.',
        'SECRET_KEY is missing.',
        'BCRYPT_COST must be a whole number from 4 to 14.',
        'HTTP_CONTRACT must be classic or standard.',
      ],
    })
  })

  it.each([
    [
      'ISSUER',
      ['auth.example.com', 'ftp://example.com', 'https://a.example?x', 'https://a.example#x'],
    ],
    [
      'TURSO_DATABASE_URL',
      ['here', 'postgres://db', 'wss://db', 'libsql://u:p@db', 'libsql://db?authToken=x'],
    ],
    ['DATABASE_TIMEOUT_MS', ['99', '30001', '1e3', '-5', '5s', ' 500']],
    ['DATABASE_REPLICAS', ['yes', 'PRESENT']],
    ['ACCESS_TOKEN_LIFETIME_SECONDS', ['0', '86401', '15m']],
    ['SESSION_IDLE_LIFETIME_SECONDS', ['59', '31536001', '30d']],
    ['SESSION_LIFETIME_SECONDS', ['59', '157680001']],
    ['REFRESH_GRACE_SECONDS', ['61', '10', '-1']],
    ['SESSION_ADDRESSES', ['yes']],
    ['TOKEN_TRANSPORT', ['cookies']],
    [
      'OAUTH_CLIENTS',
      [
        ...['api', 'api:short', `:${'s'.repeat(32)}`, `api:${'s'.repeat(32)},`],
        `api:${'s'.repeat(31)} `,
        `api:${'s'.repeat(32)},api:${'t'.repeat(32)}`,
      ],
    ],
    ['BCRYPT_COST', ['3', '15', '10.5', 'ten']],
    ['PASSWORD_MIN_LENGTH', ['0', '65']],
    ['EMAIL_DOMAINS', ['private', 'ANY']],
    ['CORS_ORIGINS', ['*', 'example.com', 'https://a.example/', 'https://a.example,', 'null']],
    ['HTTP_CONTRACT', ['Classic']],
    ['SECRET_KEY', ['short', 'x'.repeat(31), 'x'.repeat(64), 'my_precious']],
  ])('refuses a bad %s without showing its value', (name, values) => {
    for (const value of values) {
      const [problem, ...others] = problemsOf({ [name]: value })
      expect(problem, value).toMatch(new RegExp(`^${name} .*\\.$`))
      expect(problem).not.toContain(`"${value}"`)
      expect(others).toEqual([])
    }
  })

  it.each(['my_precious', 'a-string-secret-at-least-256-bits-long'])(
    'refuses %j, which everyone knows, as a key',
    (published) => {
      expect(problemsOf({ SECRET_KEY: published })).toEqual([
        'SECRET_KEY is a published example that everyone knows; make a random one.',
      ])
    },
  )

  it('counts the bytes of a key, not its characters', () => {
    expect(problemsOf({ SECRET_KEY: 'äöüßéèñçøå0123456789ab' })).toEqual([])
    expect(problemsOf({ SECRET_KEY: '0123456789abcdefghijklmnopqrstu' })).toEqual([
      'SECRET_KEY must have at least 32 bytes (RFC 7518 §3.2).',
    ])
  })

  it('takes a file for a database where there are files', () => {
    const file = { TURSO_DATABASE_URL: 'file:.portcullis/portcullis.db' }
    expect(configOf(file, { hasFiles: true }).databaseUrl).toBe(file.TURSO_DATABASE_URL)
    expect(problemsOf(file)).toEqual([
      'TURSO_DATABASE_URL is a file: URL, and Workers have no files; use libsql: or https:.',
    ])
  })

  it.each([
    ['TURSO_URL', 'TURSO_DATABASE_URL'],
    ['LIBSQL_DB_URL', 'TURSO_DATABASE_URL'],
    ['turso_database_url', 'TURSO_DATABASE_URL'],
    ['SECRETKEY', 'SECRET_KEY'],
    ['JWT_SECRET', 'SECRET_KEY'],
  ])('points from %s to %s', (wrong, right) => {
    const { [right as keyof typeof good]: value, ...others } = good
    const config = parseConfig({ ...others, [wrong]: value }, workers)
    expect(config).toEqual({
      ok: false,
      error: [`${right} is missing.`, `${wrong} is not a setting; did you mean ${right}?`],
    })
  })

  it('points from a misspelled optional setting to the one that was meant', () => {
    expect(problemsOf({ BCRYPT_COTS: '12' })).toEqual([
      'BCRYPT_COTS is not a setting; did you mean BCRYPT_COST?',
    ])
  })

  it('leaves alone what it does not know', () => {
    expect(problemsOf({ PATH: '/bin', DATABASE_URL: 'x', USER: 'me', KV: {} })).toEqual([])
  })

  it('says of every setting what it means, in which unit, and which values it takes', () => {
    for (const setting of Object.values(settings)) {
      expect(setting.meaning && setting.unit && setting.bounds && setting.default).toBeTruthy()
    }
  })
})
