// Who may import whom. A file belongs to the first layer whose pattern it matches; every import
// must go to a layer, or a package, that its layer names.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src', import.meta.url))

interface Layer {
  readonly files: RegExp
  /** Layers of ours that it may import from, beside itself. */
  readonly mayImport: readonly string[]
  /** Packages that it may import. */
  readonly packages: readonly RegExp[]
}

const hono = /^hono(\/|$)/
const honoJwt = /^hono\/(jwt|utils\/jwt\/jws)$/
const valibot = /^valibot$/

const layers: Readonly<Record<string, Layer>> = {
  runtime: { files: /^runtime\.ts$/, mayImport: [], packages: [] },
  oneAtATime: { files: /^one-at-a-time\.ts$/, mayImport: ['runtime'], packages: [] },
  version: { files: /^version\.ts$/, mayImport: [], packages: [] },
  reasons: { files: /^errors\/reasons\.ts$/, mayImport: [], packages: [] },
  refusals: { files: /^errors\/token-refusals\.ts$/, mayImport: ['reasons'], packages: [] },
  errors: { files: /^errors\//, mayImport: ['reasons', 'refusals'], packages: [] },
  password: {
    files: /^crypto\/password\.ts$/,
    mayImport: ['runtime', 'crypto'],
    packages: [/^bcryptjs$/],
  },
  crypto: { files: /^crypto\//, mayImport: ['runtime'], packages: [] },
  // The face: what other Workers will import. It must never pull in the service.
  token: {
    files: /^token\//,
    mayImport: ['runtime', 'oneAtATime', 'reasons', 'crypto', 'remote'],
    packages: [honoJwt],
  },
  remote: { files: /^remote\//, mayImport: ['reasons'], packages: [] },
  revocation: {
    files: /^revocation\//,
    mayImport: ['runtime', 'oneAtATime', 'reasons', 'crypto', 'remote', 'token'],
    packages: [],
  },
  middleware: {
    files: /^middleware\//,
    mayImport: ['runtime', 'reasons', 'refusals', 'remote', 'token', 'revocation'],
    packages: [hono],
  },
  config: {
    files: /^(config|settings)\.ts$/,
    mayImport: ['reasons', 'errors', 'crypto', 'token'],
    packages: [],
  },
  index: {
    files: /^index\.ts$/,
    mayImport: ['reasons', 'runtime', 'remote', 'token', 'revocation', 'middleware'],
    packages: [],
  },
  // For tests of guards: no store, and of the domain only how keys are made.
  testing: {
    files: /^testing(\.ts$|\/)/,
    mayImport: ['runtime', 'crypto', 'remote', 'token', 'revocation', 'keyPair'],
    packages: [],
  },
  // All SQL.
  embedded: {
    files: /^store\/(embedded-database|database-file)\.ts$/,
    mayImport: ['store'],
    packages: [/^@libsql\/client\/node$/, /^node:fs$/],
  },
  store: {
    files: /^store\//,
    mayImport: ['errors', 'reasons', 'token', 'revocation'],
    packages: [/^drizzle-orm(\/|$)/, /^@libsql\/client\/http$/, valibot],
  },
  // The rules. Nobody here speaks HTTP or SQL.
  keyPair: {
    files: /^domain\/keys\/key-pair\.ts$/,
    mayImport: ['runtime', 'crypto', 'token'],
    packages: [],
  },
  domain: {
    files: /^domain\//,
    mayImport: [
      ...['deps', 'reasons', 'errors', 'runtime', 'oneAtATime'],
      ...['crypto', 'token', 'revocation', 'store'],
    ],
    packages: [],
  },
  deps: {
    files: /^deps\.ts$/,
    mayImport: ['config', 'runtime', 'reasons', 'errors', 'password', 'token', 'domain', 'store'],
    packages: [],
  },
  // HTTP. Nobody here reaches the store.
  http: {
    files: /^http\//,
    mayImport: ['deps', 'domain', 'reasons', 'errors', 'refusals', 'middleware', 'token'],
    packages: [hono, valibot, /^bowser$/],
  },
  routes: {
    files: /^routes\//,
    mayImport: ['crypto', 'deps', 'domain', 'http', 'reasons', 'revocation', 'token', 'version'],
    packages: [hono, valibot],
  },
  app: {
    files: /^app\.ts$/,
    mayImport: ['crypto', 'deps', 'errors', 'http', 'routes', 'token'],
    packages: [hono],
  },
  service: {
    files: /^service\.ts$/,
    mayImport: [
      ...['app', 'config', 'deps', 'domain', 'http', 'password'],
      ...['revocation', 'runtime', 'store', 'token'],
    ],
    packages: [hono],
  },
  cli: {
    files: /^cli\//,
    mayImport: [
      'config',
      'domain',
      'embedded',
      'errors',
      'keyPair',
      'reasons',
      'runtime',
      'store',
      'token',
      'version',
    ],
    packages: [/^commander$/, /^node:/, /^@libsql\/client\/node$/],
  },
  worker: {
    files: /^(create-)?worker\.ts$/,
    mayImport: ['config', 'domain', 'errors', 'runtime', 'service', 'store', 'token'],
    packages: [],
  },
  server: {
    files: /^server\.ts$/,
    mayImport: [
      ...['app', 'config', 'deps', 'domain', 'http', 'reasons'],
      ...['runtime', 'service', 'token', 'worker'],
    ],
    packages: [],
  },
  database: { files: /^database(-embedded)?\.ts$/, mayImport: ['store', 'embedded'], packages: [] },
  deno: {
    files: /^deno\.ts$/,
    mayImport: ['config', 'runtime', 'service', 'store', 'embedded'],
    packages: [],
  },
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
)

function layerOf(file: string): string | undefined {
  return Object.keys(layers).find((name) => layers[name]?.files.test(file))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const forms = [
    /^import\b[^'"]*?'([^']+)'/gm,
    /^export (?:type )?(?:\*|\{[^}]*\})[^'"]*? from '([^']+)'/gm,
    /\bimport\(\s*['"]([^'"]+)/g,
  ]
  return forms.flatMap((form) =>
    Array.from(text.matchAll(form), ([, specifier]) => specifier ?? ''),
  )
}

function isAllowed(file: string, specifier: string): boolean {
  const own = layerOf(file) ?? ''
  const layer = layers[own]
  if (!specifier.startsWith('.')) return !!layer?.packages.some((name) => name.test(specifier))
  const target = relative(source, join(source, dirname(file), specifier))
  const targetLayer = layerOf(target) ?? ''
  return targetLayer === own || !!layer?.mayImport.includes(targetLayer)
}

describe('the architecture', () => {
  it('has a layer for every file', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(files.filter((file) => layerOf(file) === undefined)).toEqual([])
  })

  it('lets no layer import what is not its business', () => {
    const breaches = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !isAllowed(file, specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(breaches).toEqual([])
  })

  it('sees imports: the table would notice a breach', () => {
    expect(importsOf('domain/accounts/login.ts')).toContain('../../store/users.ts')
    expect(isAllowed('domain/accounts/login.ts', '../../store/users.ts')).toBe(true)
    expect(isAllowed('routes/auth.ts', '../store/users.ts')).toBe(false)
    expect(isAllowed('token/access-token.ts', '../crypto/password.ts')).toBe(false)
    expect(isAllowed('token/access-token.ts', 'drizzle-orm')).toBe(false)
    expect(isAllowed('domain/accounts/login.ts', 'hono')).toBe(false)
  })

  it('keeps what a guard imports free of the service', () => {
    const reached = reachableFrom('index.ts')
    expect(reached).toContain('token/compact-jws.ts')
    for (const name of reachableFrom('testing.ts'))
      expect(name).not.toMatch(/^store|drizzle|libsql/)
    const foreign = /^(store|domain|routes|http)\/|password|drizzle|libsql|bcrypt|valibot/
    expect([...reached].filter((name) => foreign.test(name))).toEqual([])
  })

  it('never asks for an interactive transaction or pastes text into SQL', () => {
    const breaches = files.filter((file) =>
      /\.transaction\(|sql\.raw|executeMultiple/.test(readFileSync(join(source, file), 'utf8')),
    )
    expect(breaches).toEqual([])
  })

  it('keeps files short', () => {
    const long = files.filter(
      (file) => readFileSync(join(source, file), 'utf8').split('\n').length > 300,
    )
    expect(long).toEqual([])
  })
})

function reachableFrom(...entries: string[]): Set<string> {
  const reached = new Set(entries)
  for (const file of reached) {
    if (!/\.tsx?$/.test(file)) continue
    for (const specifier of importsOf(file)) {
      const isOurs = specifier.startsWith('.')
      reached.add(isOurs ? relative(source, join(source, dirname(file), specifier)) : specifier)
    }
  }
  return reached
}
