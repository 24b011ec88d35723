// Which folder may import which. A row is a folder: it may import from itself and from what its row
// names. A row names only folders of rows above it, so there are no cycles.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src', import.meta.url))

const ground = ['errors', 'runtime', 'crypto', 'token']
const guard = ['guard/remote', 'guard/keys', 'guard/revocation']
const identity = ['service/domain/identity', 'service/domain/identity/hashes']
const rules = [
  ...[...identity, 'service/domain/tokens', 'service/domain/feed'],
  ...['service/domain/limits', 'service/domain/codes', 'service/domain/mail'],
]
const useCases = [
  ...['service/domain/accounts', 'service/domain/sessions', 'service/domain/oauth'],
  'service/domain/audit',
]

/** Folder → the folders and packages that it may import. */
const folders: Readonly<Record<string, readonly string[]>> = {
  // The base of the service and the guard. No I/O.
  errors: [],
  runtime: [],
  crypto: ['runtime'],
  token: ['errors', 'runtime', 'crypto', 'hono'],

  // The guard: other Workers import it.
  'guard/remote': ['errors', 'token'],
  'guard/keys': [...ground, 'guard/remote'],
  'guard/revocation': [...ground, 'guard/remote'],
  guard: [...ground, ...guard, 'hono'],
  testing: [...ground, 'guard/remote'],

  // The service: HTTP in http and routes, the rules in domain, SQL in store.
  'service/config': ground,
  'service/mail/texts': [],
  'service/mail': [...ground, 'service/config', 'service/mail/texts', 'hono'],
  'service/store': [...ground, 'service/config', 'drizzle-orm', '@libsql/client/http', 'valibot'],
  'service/store/node': ['service/store', '@libsql/client/node', 'node:'],
  'service/domain/identity/hashes': ['errors', 'crypto', 'bcryptjs'],
  'service/domain/identity': [
    ...[...ground, 'service/config', 'service/domain/identity/hashes'],
    'bcryptjs',
  ],
  'service/domain/tokens': [...ground, 'service/config', 'service/store'],
  'service/domain/limits': [...ground, 'service/config', 'service/store'],
  'service/domain/codes': [
    ...[...ground, 'service/config', 'service/mail', 'service/store', ...identity],
    'service/domain/limits',
  ],
  'service/domain/mail': [
    ...[...ground, 'service/config', 'service/mail', 'service/store', 'service/domain/codes'],
  ],
  'service/domain/feed': [...ground, 'service/store'],
  'service/domain/keys': [...ground, 'service/store'],
  'service/domain': [...ground, 'service/config', 'service/mail', 'service/store', ...rules],
  'service/domain/accounts': [
    ...[...ground, 'service/config', 'service/store', 'service/domain', ...rules],
  ],
  'service/domain/sessions': [...ground, 'service/store', 'service/domain', ...rules],
  'service/domain/oauth': [...ground, 'service/store', 'service/domain', ...rules],
  'service/domain/audit': [...ground, 'service/store', 'service/domain', ...rules],
  'service/http': [
    ...[...ground, 'service/mail', 'service/domain', ...rules, ...useCases],
    ...['hono', 'valibot'],
  ],
  'service/routes': [
    ...[...ground, 'service/config', 'service/domain', ...rules, ...useCases],
    ...['service/http', 'hono', 'valibot'],
  ],
  'service/pages/texts': ['service/domain/identity'],
  'service/pages': [
    ...[...ground, 'service/config', 'service/mail', 'service/domain', ...rules, ...useCases],
    ...['service/http', 'service/pages/texts', 'hono'],
  ],
  'service/mail/smtp': [
    ...['errors', 'service/config', 'service/mail', 'nodemailer', 'node:tls', 'node:timers'],
  ],
  service: [
    ...[...ground, 'service/config', 'service/mail', 'service/store', 'service/domain', ...rules],
    ...['service/domain/audit', 'service/http', 'service/routes', 'service/pages', 'hono'],
  ],

  // WebAssembly that only those have who import it.
  argon2: ['service/domain/identity/hashes'],

  // The command line, and the published entries.
  cli: [
    ...[
      ...ground,
      'service/config',
      'service/mail',
      'service/store',
      'service/store/node',
      ...rules,
    ],
    ...['service/domain/keys', ...useCases, 'commander', '@libsql/client/node', 'valibot', 'node:'],
  ],
  '': [
    ...[...ground, 'guard', ...guard, 'testing', 'service', 'service/config', 'service/http'],
    ...['service/domain', ...rules, 'service/store', 'service/store/node', 'argon2'],
    ...['service/mail', 'service/mail/smtp', 'argon2-wasm-edge', 'node:'],
  ],
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.[cm]?[jt]sx?$/.test(file),
)

function folderOf(file: string): string {
  const folder = dirname(file)
  return folder === '.' ? '' : folder
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const forms = [
    /^import\b[^'"]*?'([^']+)'/gm,
    /^export (?:type )?(?:\*|\{[^}]*\})[^'"]*? from '([^']+)'/gm,
    /\bimport\(\s*['"`]([^'"`]+)/g,
  ]
  return forms.flatMap((form) =>
    Array.from(text.matchAll(form), ([, specifier]) => specifier ?? ''),
  )
}

function isAllowed(file: string, specifier: string): boolean {
  const allowed = folders[folderOf(file)] ?? []
  if (!specifier.startsWith('.')) return allowed.some((name) => isOfPackage(specifier, name))
  const target = folderOf(targetOf(file, specifier))
  return target === folderOf(file) || allowed.includes(target)
}

function isOfPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(name.endsWith(':') ? name : `${name}/`)
}

/** All files that a file imports, directly or not. */
function reachableFrom(...entries: string[]): Set<string> {
  const reached = new Set(entries)
  for (const file of reached) {
    if (!/\.[cm]?[jt]sx?$/.test(file)) continue
    for (const specifier of importsOf(file)) {
      reached.add(specifier.startsWith('.') ? targetOf(file, specifier) : specifier)
    }
  }
  return reached
}

/** The files of this project that a file imports. */
function oursOf(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => targetOf(file, specifier))
}

function targetOf(file: string, specifier: string): string {
  return relative(source, join(source, dirname(file), specifier))
}

describe('the architecture', () => {
  it('has a row for every folder, and no row without one', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(new Set(files.map(folderOf))).toEqual(new Set(Object.keys(folders)))
  })

  it('names only folders of rows above', () => {
    const names = Object.keys(folders)
    const forward = names.flatMap((folder, row) =>
      (folders[folder] ?? []).filter((name) => names.indexOf(name) >= row),
    )
    expect(forward).toEqual([])
  })

  it('lets no folder import what its row does not name', () => {
    const breaches = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !isAllowed(file, specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(breaches).toEqual([])
  })

  it('has no import cycle, of values or of types', () => {
    const circles = files.filter((file) => reachableFrom(...oursOf(file)).has(file))
    expect(circles).toEqual([])
  })

  it('finds imports: a forbidden one would fail', () => {
    const login = 'service/domain/sessions/login.ts'
    expect(importsOf(login)).toContain('../../store/sessions.ts')
    expect(isAllowed(login, '../../store/sessions.ts')).toBe(true)
    expect(isAllowed(login, 'hono')).toBe(false)
    expect(isAllowed('service/routes/auth.ts', '../store/users.ts')).toBe(false)
    expect(isAllowed('guard/verifier.ts', '../service/store/users.ts')).toBe(false)
    expect(isAllowed('service/app.ts', '../guard/verifier.ts')).toBe(false)
    expect(isAllowed('token/access-token.ts', 'drizzle-orm')).toBe(false)
  })

  it('has only entries next to the folders', () => {
    const published = [
      ...['index', 'server', 'database', 'database-embedded', 'testing', 'argon2', 'mail-smtp'],
    ]
    const platforms = ['worker', 'deno', 'argon2-node']
    expect(files.filter((file) => folderOf(file) === '').sort()).toEqual(
      [...published, ...platforms].map((name) => `${name}.ts`).sort(),
    )
  })

  it('keeps the imports of a guard free of the service', () => {
    const reached = reachableFrom('index.ts', 'testing.ts')
    expect(reached).toContain('token/compact-jws.ts')
    const foreign = /^(service|cli)\/|drizzle|libsql|bcrypt|valibot/
    expect([...reached].filter((name) => foreign.test(name))).toEqual([])
  })

  it('keeps the service free of the guard', () => {
    const reached = reachableFrom('server.ts', 'worker.ts', 'deno.ts', 'database.ts', 'cli/main.ts')
    expect(reached).toContain('service/app.ts')
    expect([...reached].filter((name) => name.startsWith('guard/'))).toEqual([])
  })

  it('lets only the test issuer put the clocks ahead', () => {
    const naming = files.filter((file) =>
      readFileSync(join(source, file), 'utf8').includes('advanceSystemClocks'),
    )
    expect(naming.sort()).toEqual(['runtime/runtime.ts', 'testing/test-issuer.ts'])
    const reached = reachableFrom('index.ts', 'server.ts', 'database.ts', 'worker.ts', 'deno.ts')
    expect([...reached].filter((name) => name.startsWith('testing/'))).toEqual([])
  })

  it('never uses an interactive transaction or puts text into SQL', () => {
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
