import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/service/config/parse-config.ts'
import { settings } from '../../../src/service/config/settings.ts'
import { createSigningJwk } from '../../support/issuer.ts'

const workers = { hasFiles: false }
const good = {
  ISSUER: 'https://auth.example.com',
  TURSO_DATABASE_URL: 'libsql://portcullis-example.turso.io',
  SECRET_KEY: 'correct horse battery staple 0123456789',
}

const previous = 'Tr0ub4dor & 3: the key before, 0123456789'

async function problemsOf(
  variables: Record<string, unknown>,
  platform = workers,
): Promise<readonly string[]> {
  const config = await parseConfig({ ...good, ...variables }, platform)
  return config.ok ? [] : config.error
}

async function configOf(variables: Record<string, unknown>, platform = workers) {
  const config = await parseConfig({ ...good, ...variables }, platform)
  if (!config.ok) throw new Error(config.error.join(' '))
  return config.value
}

describe('the configuration', () => {
  it('requires three settings, and has a default for every other', async () => {
    expect(await configOf({})).toEqual({
      issuer: good.ISSUER,
      audience: good.ISSUER,
      databaseUrl: good.TURSO_DATABASE_URL,
      databaseAuthToken: undefined,
      allowsInsecureHttp: false,
      databaseTimeoutMs: 5_000,
      databaseHasReplicas: false,
      secretKey: good.SECRET_KEY,
      previousSecretKey: undefined,
      signingKeys: [],
      accessTokenLifetimeSeconds: 900,
      sessionIdleLifetimeSeconds: 30 * 86_400,
      sessionLifetimeSeconds: 90 * 86_400,
      maxSessionsPerUser: 100,
      refreshGraceSeconds: 30,
      keepsSessionAddresses: false,
      auditDetailsDays: 30,
      trustedProxies: 0,
      tokenTransport: 'bearer',
      oauthClients: [],
      bcryptCost: 10,
      passwordPolicy: { name: 'default', minLength: 8, refusesCommon: true },
      passwordBreachUrl: undefined,
      emailDomains: 'public',
      registration: 'open',
      corsOrigins: [],
      contract: 'classic',
      limits: {
        isRaised: false,
        attempts: {
          freeAttempts: 10,
          maxAttempts: 100,
          maxDelaySeconds: 900,
          closedSeconds: 86_400,
        },
        deviceTokenLifetimeSeconds: 180 * 86_400,
        requests: {
          perAddress: {
            ...{ register: 30, login: 300, password: 300, refresh: 600 },
            ...{ mail: 20, code: 300 },
          },
          perProcess: { check: 1_000, introspect: 1_000 },
        },
      },
      accountDeletionDays: 14,
      mailer: 'none',
      mailFrom: undefined,
      mailApi: { url: 'https://api.resend.com/emails', key: undefined },
      smtpServer: undefined,
      requireVerifiedEmail: 'off',
      sendsNewDeviceMails: true,
      accountPagesUrl: undefined,
      codeLifetimes: { codeSeconds: 600, resetLinkSeconds: 3_600 },
    })
  })

  it('raises all limits by the factor 1,000 with LIMITS=raised', async () => {
    const { attempts, requests } = (await configOf({ LIMITS: 'raised' })).limits
    expect(attempts).toMatchObject({ freeAttempts: 10_000, maxAttempts: 100_000 })
    expect(attempts).toMatchObject({ maxDelaySeconds: 900, closedSeconds: 86_400 })
    expect(requests.perAddress).toEqual({
      register: 30_000,
      login: 300_000,
      password: 300_000,
      refresh: 600_000,
      mail: 20_000,
      code: 300_000,
    })
    expect(requests.perProcess.check).toBe(1_000_000)
  })

  it.each([
    ['default', undefined, { minLength: 8, refusesCommon: true }],
    ['default', '12', { minLength: 12, refusesCommon: true }],
    ['nist', undefined, { minLength: 15, refusesCommon: true }],
    ['nist', '64', { minLength: 64, refusesCommon: true }],
    ['development', undefined, { minLength: 6, refusesCommon: false }],
    ['development', '1', { minLength: 1, refusesCommon: false }],
  ])(
    'has the policy %s for passwords, with a least length of %j: %j',
    async (name, min, policy) => {
      const set = { PASSWORD_POLICY: name, ...(min && { PASSWORD_MIN_LENGTH: min }) }
      expect((await configOf(set)).passwordPolicy).toEqual({ name, ...policy })
    },
  )

  it.each([
    [undefined, '7', 'at least 8 with PASSWORD_POLICY=default, and is 7'],
    ['default', '6', 'at least 8 with PASSWORD_POLICY=default, and is 6'],
    ['nist', '14', 'at least 15 with PASSWORD_POLICY=nist, and is 14'],
  ])('refuses the policy %j with a least length of %s', async (name, min, sentence) => {
    const set = { PASSWORD_MIN_LENGTH: min, ...(name && { PASSWORD_POLICY: name }) }
    expect(await problemsOf(set)).toEqual([
      `PASSWORD_MIN_LENGTH must be ${sentence}. For shorter passwords on a machine of your own, use PASSWORD_POLICY=development.`,
    ])
  })

  it('asks Have I Been Pwned about breaches, or another API, only if the check is on', async () => {
    const on = { PASSWORD_BREACH_CHECK: 'on' }
    const local = { PASSWORD_BREACH_URL: 'http://127.0.0.1:8080/' }
    const urlOf = async (set: object) => (await configOf({ ...set })).passwordBreachUrl
    expect(await urlOf(on)).toBe('https://api.pwnedpasswords.com')
    expect(await urlOf({ ...on, ...local })).toBe('http://127.0.0.1:8080')
    expect(await urlOf(local)).toBeUndefined()
  })

  it('lets fewer MAX_ATTEMPTS be set alone, and refuses more FREE_ATTEMPTS than half of them', async () => {
    expect((await configOf({ MAX_ATTEMPTS: '12' })).limits.attempts.maxAttempts).toBe(12)
    expect(await problemsOf({ ...good, MAX_ATTEMPTS: '12', FREE_ATTEMPTS: '7' })).toEqual([
      'FREE_ATTEMPTS must be at most half of MAX_ATTEMPTS: one address is closed after so many.',
    ])
    const shorter = { MAX_ATTEMPT_DELAY_SECONDS: '901', ATTEMPTS_CLOSED_SECONDS: '900' }
    expect(await problemsOf({ ...good, ...shorter })).toEqual([
      'MAX_ATTEMPT_DELAY_SECONDS must be at most ATTEMPTS_CLOSED_SECONDS.',
    ])
  })

  it('accepts every setting', async () => {
    const config = await configOf({
      AUDIENCE: 'https://api.example.com',
      TURSO_AUTH_TOKEN: 'a.token',
      DATABASE_TIMEOUT_MS: '250',
      DATABASE_REPLICAS: 'present',
      ACCESS_TOKEN_LIFETIME_SECONDS: '60',
      SESSION_IDLE_LIFETIME_SECONDS: '3600',
      SESSION_LIFETIME_SECONDS: '7200',
      MAX_SESSIONS_PER_USER: '5',
      REFRESH_GRACE_SECONDS: '11',
      PREVIOUS_SECRET_KEY: ` ${previous}\n`,
      SESSION_ADDRESSES: 'keep',
      TOKEN_TRANSPORT: 'cookie',
      OAUTH_CLIENTS: `api:${'s'.repeat(32)}, web.1:${':'.repeat(40)}`,
      BCRYPT_COST: '4',
      PASSWORD_POLICY: 'nist',
      PASSWORD_MIN_LENGTH: '20',
      PASSWORD_BREACH_CHECK: 'on',
      PASSWORD_BREACH_URL: 'https://mirror.example.com/pwned/',
      EMAIL_DOMAINS: 'any',
      CORS_ORIGINS: 'https://app.example.com, http://localhost:3000',
      HTTP_CONTRACT: 'standard',
    })
    expect(config).toMatchObject({
      audience: 'https://api.example.com',
      databaseAuthToken: 'a.token',
      databaseTimeoutMs: 250,
      databaseHasReplicas: true,
      accessTokenLifetimeSeconds: 60,
      sessionIdleLifetimeSeconds: 3_600,
      sessionLifetimeSeconds: 7_200,
      maxSessionsPerUser: 5,
      refreshGraceSeconds: 11,
      previousSecretKey: previous,
      keepsSessionAddresses: true,
      tokenTransport: 'cookie',
      oauthClients: [
        { id: 'api', secret: 's'.repeat(32) },
        { id: 'web.1', secret: ':'.repeat(40) },
      ],
      bcryptCost: 4,
      passwordPolicy: { name: 'nist', minLength: 20, refusesCommon: true },
      passwordBreachUrl: 'https://mirror.example.com/pwned',
      emailDomains: 'any',
      corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
      contract: 'standard',
    })
  })

  it('makes the grace window at least 10 s longer than DATABASE_TIMEOUT_MS, for retries', async () => {
    const graceOf = async (variables: Record<string, string>) =>
      (await configOf(variables)).refreshGraceSeconds
    expect(await graceOf({ DATABASE_TIMEOUT_MS: '30000' })).toBe(40)
    expect(await graceOf({ DATABASE_TIMEOUT_MS: '20001' })).toBe(31)
    expect(await graceOf({ DATABASE_TIMEOUT_MS: '30000', REFRESH_GRACE_SECONDS: '40' })).toBe(40)
    const tooShort = { DATABASE_TIMEOUT_MS: '5001', REFRESH_GRACE_SECONDS: '15' }
    expect(await parseConfig({ ...good, ...tooShort }, workers)).toEqual({
      ok: false,
      error: [
        expect.stringMatching(
          /^REFRESH_GRACE_SECONDS must be at least 16 \(DATABASE_TIMEOUT_MS \+ 10 s\), and is 15:/,
        ),
      ],
    })
  })

  it('accepts a number of proxies only on Deno', async () => {
    const onDeno = await configOf({ TRUSTED_PROXIES: '2' }, { hasFiles: true })
    expect(onDeno.trustedProxies).toBe(2)
    expect(await problemsOf({ TRUSTED_PROXIES: '0' })).toEqual([])
    expect(await problemsOf({ TRUSTED_PROXIES: '1' })).toEqual([
      'TRUSTED_PROXIES is for Deno; remove it: on Workers, Cloudflare tells the address.',
    ])
  })

  it('reports all problems together, by name', async () => {
    const config = await parseConfig({ BCRYPT_COST: '3', HTTP_CONTRACT: 'other' }, workers)
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
      [
        'auth.example.com',
        'ftp://example.com',
        'https://a.example?x',
        'https://a.example#x',
        `https://a.example/${'a'.repeat(256)}`,
      ],
    ],
    [
      'TURSO_DATABASE_URL',
      [
        ...['here', 'postgres://db', 'wss://db', 'libsql://u:p@db', 'libsql://db?authToken=x'],
        ...[':memory:', 'file:', 'file::memory:', 'file:%3Amemory%3A', 'file:?mode=memory'],
        ...[
          'file:%zz',
          'file:///',
          'file:data/',
          'file://data/x.db',
          'libsql://db\nx',
          'libsql://\0',
        ],
        ...['libsql://', 'libsql:///x', 'libsql:x.turso.io', 'https:x', 'https://x.example:0'],
        ...['file:.', 'file:..', 'file:x/..', 'file:/x/.', 'file:a%00b', 'file:a%E2%80%8B.db'],
        ...['libsql://x.turso.io\u200b', '\u202efile:x.db'],
      ],
    ],
    [
      'AUDIENCE',
      [
        'any',
        'https://a.example\nhttps://b.example',
        'a\0',
        'a\u200b',
        'a\u202eb',
        'a'.repeat(257),
      ],
    ],
    ['TURSO_AUTH_TOKEN', ['Bearer token', 'one\ntwo', 'tökén']],
    ['INSECURE_HTTP', ['yes', 'true']],
    ['DATABASE_TIMEOUT_MS', ['99', '30001', '1e3', '-5', '5s', '5 00']],
    ['DATABASE_REPLICAS', ['yes', 'PRESENT']],
    ['ACCESS_TOKEN_LIFETIME_SECONDS', ['0', '86401', '15m']],
    ['SESSION_IDLE_LIFETIME_SECONDS', ['59', '31536001', '30d']],
    ['SESSION_LIFETIME_SECONDS', ['59', '157680001']],
    ['MAX_SESSIONS_PER_USER', ['0', '1001']],
    ['REFRESH_GRACE_SECONDS', ['61', '10', '-1']],
    ['SESSION_ADDRESSES', ['yes']],
    ['TRUSTED_PROXIES', ['-1', '11', '1.5', 'all']],
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
    ['PASSWORD_POLICY', ['none', 'NIST', 'default,nist']],
    ['PASSWORD_MIN_LENGTH', ['0', '65']],
    ['PASSWORD_BREACH_CHECK', ['yes', 'true']],
    [
      'PASSWORD_BREACH_URL',
      [
        ...['api.pwnedpasswords.com', 'ftp://a.example', 'http://a.example', 'https://'],
        ...['https://u:p@a.example', 'https://a.example?x', 'https://a.example/#', 'file:///x'],
      ],
    ],
    ['EMAIL_DOMAINS', ['private', 'ANY']],
    [
      'CORS_ORIGINS',
      [
        ...['*', 'example.com', 'https://a.example/', 'https://a.example,', 'null', 'file://x'],
        ...['https://*', 'https://*.com', 'https://*.com:8443', 'https://*.', 'https://*.com.'],
        ...['http://*.example.com', 'https://a*.example.com', 'https://*.*.example.com'],
        ...['https://a.*.example.com', 'https://*.example.com/', 'https://*.EXAMPLE.com'],
        ...['https://*.workers.dev', 'https://*.pages.dev:8443', 'https://*.co.uk'],
        ...['https://*.herokuapp.com', 'https://*.s3.amazonaws.com', 'https://*.workers.dev.'],
        ...['https://*.cloudfront.net', 'https://*.r2.dev', 'https://*.gitlab.io'],
        ...['data:text/html', 'javascript://x', 'blob:https://a.example', 'wss://a.example'],
        ...['ftp://a.example', 'about:blank', 'file:///x', 'capacitor://*', 'tauri://localhost/'],
        ...['capacitor:localhost', 'https://a@b.example', 'Capacitor://localhost'],
      ],
    ],
    ['HTTP_CONTRACT', ['Classic']],
    ...['SECRET_KEY', 'PREVIOUS_SECRET_KEY'].map((name): [string, string[]] => [
      name,
      [
        ...['short', 'x'.repeat(31), 'x'.repeat(64), 'my_precious', `${'x'.repeat(31)}\n`],
        ...['abcdefgh'.repeat(5), 'password12345678password12345678', 'password123456'.repeat(3)],
        `${'0123456789abcdefghijklmno'.repeat(2)}0123`,
        ...['\0', '\u001b', '\u0085'].map((control) => `${good.SECRET_KEY}${control}x`),
      ],
    ]),
  ])('refuses a bad %s without showing its value', async (name, values) => {
    for (const value of values) {
      const [problem, ...others] = await problemsOf({ [name]: value })
      expect(problem, value).toMatch(new RegExp(`^${name} .*\\.$`))
      expect(problem).not.toContain(`"${value}"`)
      expect(others).toEqual([])
    }
  })

  it.each(['my_precious', 'a-string-secret-at-least-256-bits-long'])(
    'refuses the publicly known key %j',
    async (published) => {
      expect(await problemsOf({ SECRET_KEY: published })).toEqual([
        'SECRET_KEY is a published example that everyone knows; make a random one.',
      ])
    },
  )

  it('refuses a previous key that equals the current one', async () => {
    expect(await problemsOf({ PREVIOUS_SECRET_KEY: `${good.SECRET_KEY}\n` })).toEqual([
      'PREVIOUS_SECRET_KEY must be the old key, and is the same as SECRET_KEY; remove it.',
    ])
  })

  it('says how the issuer must be written', async () => {
    expect(await problemsOf({ ISSUER: 'https://auth.example.com/' })).toEqual([
      'ISSUER must be written as https://auth.example.com, and is https://auth.example.com/.',
    ])
  })

  it('counts the bytes of a key, not its characters', async () => {
    expect(await problemsOf({ SECRET_KEY: 'äöüßéèñçøå0123456789ab' })).toEqual([])
    expect(await problemsOf({ SECRET_KEY: '0123456789abcdefghijklmnopqrstu' })).toEqual([
      'SECRET_KEY must have at least 32 bytes (RFC 7518 §3.2).',
    ])
  })

  it('ignores spaces and line ends around a value, as a pipe leaves them', async () => {
    const variables = {
      ...{ ISSUER: `${good.ISSUER}\n`, AUDIENCE: ' api\r\n', TURSO_AUTH_TOKEN: '\ufefftoken\n' },
      ...{ TURSO_DATABASE_URL: ` ${good.TURSO_DATABASE_URL}\n`, BCRYPT_COST: '12\n' },
      ...{
        SECRET_KEY: `${good.SECRET_KEY}\n`,
        HTTP_CONTRACT: 'standard ',
        SESSION_ADDRESSES: ' \n',
      },
    }
    expect(await configOf(variables)).toEqual({
      ...(await configOf({
        AUDIENCE: 'api',
        TURSO_AUTH_TOKEN: 'token',
        HTTP_CONTRACT: 'standard',
      })),
      bcryptCost: 12,
    })
  })

  it('accepts numbers as `[vars]` has them, and only single values', async () => {
    const config = await configOf({ BCRYPT_COST: 12, SESSION_LIFETIME_SECONDS: 86_400 * 30 })
    expect([config.bcryptCost, config.sessionLifetimeSeconds]).toEqual([12, 2_592_000])
    expect(await problemsOf({ BCRYPT_COST: 10.5, DATABASE_REPLICAS: true })).toEqual([
      'DATABASE_REPLICAS must be absent or present.',
      'BCRYPT_COST must be a whole number from 4 to 14.',
    ])
    expect(await problemsOf({ SECRET_KEY: {}, AUDIENCE: null, CORS_ORIGINS: [] })).toEqual(
      ['AUDIENCE', 'SECRET_KEY', 'CORS_ORIGINS'].map(
        (name) => `${name} must be text, a number or a boolean.`,
      ),
    )
  })

  it('accepts subdomains, and the origins of apps', async () => {
    const origins = [
      ...['https://*.example.com', 'https://*.example.com:8443', 'https://*.me.workers.dev'],
      ...['https://*.workers.dev.example.com', 'http://localhost:3000', 'http://tauri.localhost'],
      ...['capacitor://localhost', 'ionic://localhost', 'tauri://localhost', 'app://.'],
      'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      'safari-web-extension://4D2A9A50-6F5F-4E7C-8E53-9A6D7C0B1E2F',
    ]
    expect((await configOf({ CORS_ORIGINS: origins.join(', ') })).corsOrigins).toEqual(origins)
  })

  it.each([
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['https://App.example.com', 'https://app.example.com'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://*.Example.com/', 'https://*.example.com'],
  ])('names a valid form in place of %s', async (origin, form) => {
    expect(await problemsOf({ CORS_ORIGINS: `https://a.example, ${origin}` })).toEqual([
      `CORS_ORIGINS must have this origin written as ${form}.`,
    ])
    expect(await problemsOf({ CORS_ORIGINS: form })).toEqual([])
  })

  it('refuses pages of http: origins where tokens travel in cookies', async () => {
    const wrong = { TOKEN_TRANSPORT: 'cookie', CORS_ORIGINS: 'http://app.example.com' }
    expect(await problemsOf(wrong)).toEqual([
      expect.stringMatching(/^CORS_ORIGINS has an http: origin/),
    ])
    expect(await problemsOf({ ...wrong, INSECURE_HTTP: 'allow' })).toEqual([])
    expect(await problemsOf({ ...wrong, CORS_ORIGINS: 'http://localhost:3000' })).toEqual([])
    expect(await problemsOf({ ...wrong, TOKEN_TRANSPORT: 'bearer' })).toEqual([])
  })

  it('accepts line ends in a key', async () => {
    expect(await problemsOf({ SECRET_KEY: `${good.SECRET_KEY}\r\nmore` })).toEqual([])
  })

  it('accepts a key that is random at first and then repeats', async () => {
    const random = 'N7f0QyXw2mVb5LrTz8KcJp4HsGd1AeUi'
    expect(await problemsOf({ SECRET_KEY: random.repeat(2) })).toEqual([])
  })

  it('refuses plain HTTP to other machines unless a setting allows it', async () => {
    const insecure = { ISSUER: 'http://auth.internal', TURSO_DATABASE_URL: 'http://10.0.0.2:8080' }
    const sentence =
      'is http: and not on this machine, so tokens can be read on the way. Use https:, or set INSECURE_HTTP=allow on a private network.'
    expect(await problemsOf(insecure)).toEqual([
      `ISSUER ${sentence}`,
      `TURSO_DATABASE_URL ${sentence}`,
    ])
    expect((await configOf({ ...insecure, INSECURE_HTTP: 'allow' })).allowsInsecureHttp).toBe(true)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const here = { ISSUER: `http://${host}:8787`, TURSO_DATABASE_URL: `http://${host}:8880` }
      expect(await problemsOf(here)).toEqual([])
    }
  })

  it.each(['file:x.db', 'file:./my data/x.db', 'file:/var/x.db', 'file:///var/x.db', 'FILE:x.db'])(
    'accepts %s as a database',
    async (url) => {
      expect(await problemsOf({ TURSO_DATABASE_URL: url }, { hasFiles: true })).toEqual([])
    },
  )

  it('accepts a file as a database only where there are files', async () => {
    const file = { TURSO_DATABASE_URL: 'file:.portcullis/portcullis.db' }
    expect((await configOf(file, { hasFiles: true })).databaseUrl).toBe(file.TURSO_DATABASE_URL)
    expect(await problemsOf(file)).toEqual([
      'TURSO_DATABASE_URL is a file: URL, and Workers have no files; use libsql: or https:.',
    ])
  })

  it.each([
    ['TURSO_URL', 'TURSO_DATABASE_URL'],
    ['LIBSQL_DB_URL', 'TURSO_DATABASE_URL'],
    ['turso_database_url', 'TURSO_DATABASE_URL'],
    ['SECRETKEY', 'SECRET_KEY'],
    ['JWT_SECRET', 'SECRET_KEY'],
  ])('points from %s to %s', async (wrong, right) => {
    const { [right as keyof typeof good]: value, ...others } = good
    const config = await parseConfig({ ...others, [wrong]: value }, workers)
    expect(config).toEqual({
      ok: false,
      error: [`${right} is missing.`, `${wrong} is not a setting; did you mean ${right}?`],
    })
  })

  it('points from a misspelled optional setting to the correct one', async () => {
    for (const name of ['OLD_SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'PREVIUOS_SECRET_KEY']) {
      expect(await problemsOf({ [name]: previous })).toEqual([
        `${name} is not a setting; did you mean PREVIOUS_SECRET_KEY?`,
      ])
    }
    expect(await problemsOf({ BCRYPT_COTS: '12' })).toEqual([
      'BCRYPT_COTS is not a setting; did you mean BCRYPT_COST?',
    ])
  })

  const aFile = { hasFiles: true }
  const file = { TURSO_DATABASE_URL: 'file:portcullis.db' }
  it.each([
    [
      { ACCESS_TOKEN_LIFETIME_SECONDS: '3601', SESSION_IDLE_LIFETIME_SECONDS: '3600' },
      'ACCESS_TOKEN_LIFETIME_SECONDS must be at most 3600, and is 3601: a token ends with its session.',
    ],
    [
      { ACCESS_TOKEN_LIFETIME_SECONDS: '900', SESSION_LIFETIME_SECONDS: '600' },
      'ACCESS_TOKEN_LIFETIME_SECONDS must be at most 600, and is 900: a token ends with its session.',
    ],
    [
      { SESSION_IDLE_LIFETIME_SECONDS: '7201', SESSION_LIFETIME_SECONDS: '7200' },
      'SESSION_IDLE_LIFETIME_SECONDS must be at most SESSION_LIFETIME_SECONDS (7200), and is 7201.',
    ],
    [
      { ...file, TURSO_AUTH_TOKEN: 'token' },
      'TURSO_AUTH_TOKEN is for a remote database, and TURSO_DATABASE_URL is a file; remove one.',
    ],
    [
      { ...file, DATABASE_REPLICAS: 'present' },
      'DATABASE_REPLICAS is present, and TURSO_DATABASE_URL is a file, which has no replicas; remove DATABASE_REPLICAS.',
    ],
    [
      { ISSUER: 'http://auth.internal', INSECURE_HTTP: 'allow', TOKEN_TRANSPORT: 'cookie' },
      'TOKEN_TRANSPORT=cookie needs an https: ISSUER: browsers drop Secure cookies of http: pages.',
    ],
    [{ AUDIENCE: 'any' }, 'AUDIENCE must not be any, because guards accept every audience then.'],
  ])('refuses %j, which cannot work', async (variables, sentence) => {
    expect(await problemsOf(variables, aFile)).toEqual([sentence])
  })

  it('lowers a default that conflicts with a setting', async () => {
    expect(await problemsOf({ SESSION_LIFETIME_SECONDS: '60' })).toEqual([])
    expect(await problemsOf({ SESSION_IDLE_LIFETIME_SECONDS: '60' })).toEqual([])
  })

  it('refuses invalid signing keys before the first login', async () => {
    const [one, other] = [await createSigningJwk(), await createSigningJwk()]
    const SIGNING_KEYS = JSON.stringify({ keys: [{ ...one, d: other.d }] })
    expect(await problemsOf({ SIGNING_KEYS })).toEqual([
      'SIGNING_KEYS has a mistake: key 1 is not a pair: its private half (d) does not belong to its public half; make a set with `portcullis keys generate`.',
    ])
  })

  it('names a setting that was removed', async () => {
    expect(await problemsOf({ PREVIOUS_ACCESS_TOKEN_LIFETIME_SECONDS: '900' })).toEqual([
      'PREVIOUS_ACCESS_TOKEN_LIFETIME_SECONDS is no setting any more; remove it.',
    ])
  })

  it('ignores unknown variables', async () => {
    expect(await problemsOf({ PATH: '/bin', DATABASE_URL: 'x', USER: 'me', KV: {} })).toEqual([])
  })

  it('describes the values of every setting', async () => {
    for (const setting of Object.values(settings)) {
      expect(setting.bounds && setting.default).toBeTruthy()
    }
  })
})
