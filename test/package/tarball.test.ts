// The published package, as its users have it: installed into empty projects, type-checked, bundled
// and run there.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSigningKeys } from '../../src/token/signing-key.ts'
import { createClientOf, send, tokensOf } from '../support/client.ts'
import { startDatabase } from '../support/database.ts'
import { brokenLinks, countLinks } from '../support/links.ts'
import { createProject, filesPackedFrom, type Project, packPackage } from '../support/package.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'
import foreign from '../vectors/foreign-hashes.json' with { type: 'json' }

const directory = mkdtempSync(join(tmpdir(), 'portcullis-pack-'))
const tarball = packPackage(directory)
const projects: Project[] = []
afterAll(() => {
  for (const project of projects) project.remove()
  rmSync(directory, { recursive: true, force: true })
})

const tsconfig = (types: string[], module: string, moduleResolution: string) =>
  JSON.stringify({
    compilerOptions: {
      target: 'ES2024',
      lib: ['ES2024', ...(types.includes('node') ? ['DOM'] : [])],
      module,
      moduleResolution,
      types,
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
    },
    include: ['worker.ts'],
  })

const guardTest = `
import { requireAccessToken } from 'portcullis'
import { createTestIssuer } from 'portcullis/testing'
import { Hono } from 'hono'

const issuer = createTestIssuer()
const app = new Hono().use(requireAccessToken(issuer.options)).get('/', (c) => c.text('in'))
const token = await issuer.token()
const ask = async () => (await app.request('/', { headers: { Authorization: 'Bearer ' + token } })).status
const before = await ask()
issuer.revoke(token)
console.log(before, await ask())
`

const argon2Hash =
  foreign.vectors.find(({ system, password }) =>
    [system, password].every((text) => /^argon2-cffi, m=64|^correct horse/.test(text)),
  )?.hash ?? ''
const argon2Test = `
import { argon2id } from 'portcullis/argon2'

const { value } = argon2id.parse('${argon2Hash}')
console.log(await value.verify('correct horse battery staple'), await value.verify('wrong'))
`

const mailTest = `
import { smtpMailer } from 'portcullis/mail/smtp'

const mailer = smtpMailer({ url: 'smtps://127.0.0.1:1' })
const mail = { id: 'a', from: { address: 'a@example.com' }, to: 'b@example.com', subject: 'Hi' }
const context = { env: {}, signal: AbortSignal.timeout(10_000) }
const { error } = await mailer.send({ ...mail, text: 'Hi', html: '<p>Hi</p>' }, context)
console.log(error.problem)
`

const wrangler = 'name = "a-worker"\nmain = "worker.ts"\ncompatibility_date = "2026-10-01"\n'

function createWorkerProject(packages: string[], worker: string, types: string[]): Project {
  const project = createProject([tarball, ...packages], {
    'worker.ts': worker,
    'wrangler.toml': wrangler,
    'guard.test.mjs': guardTest,
    'argon2.mjs': argon2Test,
    'mail.mjs': mailTest,
    'deno.json': '{ "nodeModulesDir": "manual" }',
    'deno.ts': readFileSync(new URL('../../examples/deno/main.ts', import.meta.url), 'utf8'),
    'bundler.json': tsconfig(types, 'ESNext', 'Bundler'),
    'nodenext.json': tsconfig(types, 'NodeNext', 'NodeNext'),
  })
  projects.push(project)
  return project
}

const guarded = `
import { Hono } from 'hono'
import { requireAccessToken, requireFreshLogin, requireRole, type ServiceBinding } from 'portcullis'

interface Env { AUTH: ServiceBinding }

const options = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  service: (env: Env) => env.AUTH,
}
const app = new Hono<{ Bindings: Env }>()
  .use('/api/*', requireAccessToken<Env, { plan: string }>(options))
  .get('/api/me', (c) => c.json({ user: c.var.auth.subject, plan: c.var.auth.claims.plan }))
  .get('/api/admin', requireRole('admin'), (c) => c.text(c.var.auth.claims.roles?.join() ?? ''))
  .get('/api/fresh', requireFreshLogin({ maxAgeSeconds: 300 }), (c) => c.text('fresh'))
  .get('/page', requireAccessToken({ ...options, transport: 'cookie' }), (c) => c.text('a page'))
  .get('/open', (c) => c.text('open'))

export default app
`

const guardProject = createWorkerProject(['hono', '@cloudflare/workers-types'], guarded, [
  '@cloudflare/workers-types',
])

describe('the tarball', () => {
  it('has no secrets and no local state that lie in the folders of the examples', () => {
    const local = [
      ...['.dev.vars', '.env', '.env.local', 'signing-keys.json', 'auth.db', 'secret-key.txt'],
      ...['.wrangler/state/v3/d1/a.sqlite', 'node_modules/a/index.ts', '.portcullis/database.env'],
    ].flatMap((name) => [`examples/mounted/${name}`, `examples/${name}`, `docs/${name}`, name])
    const shown = ['docs/start.md', 'examples/mounted/worker.ts', 'examples/mounted/wrangler.toml']
    const files = Object.fromEntries([...local, ...shown].map((name) => [name, 'x']))
    expect(filesPackedFrom(files).sort()).toEqual([...shown, 'package.json'])
  })
})

describe('the guard, from the tarball', () => {
  const project = guardProject

  it('contains nothing of the service', () => {
    const installed = (name: string) => existsSync(join(project.directory, 'node_modules', name))
    expect(installed('portcullis')).toBe(true)
    for (const name of ['@libsql', 'drizzle-orm', 'bcryptjs', 'nodemailer'])
      expect(installed(name)).toBe(false)
  })

  it('has the documents, whose links lead to files of the package', () => {
    const folder = join(project.directory, 'node_modules/portcullis')
    expect(countLinks(folder)).toBeGreaterThan(150)
    expect(brokenLinks(folder)).toEqual([])
  })

  it.each(['bundler', 'nodenext'])('type-checks under %s', (configuration) => {
    expect(project.run('tsc', '-p', `${configuration}.json`)).toBe('')
  })

  it('type-checks on Deno', () => {
    expect(() => project.run('deno', 'check', 'deno.ts')).not.toThrow()
  })

  it('is tested with an issuer in memory, without any server', () => {
    expect(project.run('node', 'guard.test.mjs')).toBe('200 401\n')
  })

  it('bundles and runs, and guards', async () => {
    project.run('wrangler', 'deploy', '--dry-run', '--outdir', 'out')
    const server = await serveOnWorkerd(join(project.directory, 'out/worker.js'), {})
    const open = await fetch(`${server.baseUrl}/open`)
    const closed = await fetch(`${server.baseUrl}/api/me`)
    await server.stop()
    expect([open.status, closed.status]).toEqual([200, 401])
    expect(await closed.json()).toMatchObject({ code: 'token_missing' })
  })
})

const service = `
import { argon2id } from 'portcullis/argon2'
import { createWorker } from 'portcullis/server'

export default createWorker({
  passwordHashes: [argon2id],
  claims: ({ email, roles }) => ({ plan: email.endsWith('@example.com') ? 'gold' : roles.join() }),
}) satisfies ExportedHandler<object>
`

describe('the service, from the tarball', () => {
  const peers = [
    'hono',
    '@libsql/client',
    'drizzle-orm',
    'bcryptjs',
    'argon2-wasm-edge',
    'nodemailer',
  ]
  const project = createWorkerProject([...peers, '@cloudflare/workers-types'], service, [
    '@cloudflare/workers-types',
  ])

  it('type-checks', () => {
    // drizzle-orm's own declarations name drivers that are not installed.
    expect(project.run('tsc', '-p', 'bundler.json', '--skipLibCheck')).toBe('')
  })

  const portcullis = (...args: string[]) =>
    project.run('node', 'node_modules/portcullis/dist/cli/main.js', ...args)

  it.each(['node', 'deno run --allow-read'])('verifies argon2id on %s', (command) => {
    const [program = '', ...args] = command.split(' ')
    expect(project.run(program, ...args, 'argon2.mjs')).toBe('true false\n')
  })

  it.each(['node', 'deno run --allow-net'])('sends mail over SMTP on %s', (command) => {
    const [program = '', ...args] = command.split(' ')
    expect(project.run(program, ...args, 'mail.mjs')).toBe('SMTP, connect: ECONNREFUSED\n')
  })

  it('generates signing keys', async () => {
    expect(await parseSigningKeys(portcullis('keys', 'generate'))).toMatchObject({ ok: true })
  })

  it('bundles, migrates its database, and runs, with custom claims that guards see', async () => {
    const database = await startDatabase()
    const checked = portcullis('migrate', '--check', '--url', database.url)
    expect(checked).toBe('The database is up to date.\n')
    project.run('wrangler', 'deploy', '--dry-run', '--outdir', 'out')
    const server = await serveOnWorkerd(join(project.directory, 'out/worker.js'), {
      ...testSettings,
      AUDIENCE: 'https://api.example.com',
      SIGNING_KEYS: portcullis('keys', 'generate'),
      TURSO_DATABASE_URL: database.url,
    })
    const guard = await serveOnWorkerd(
      join(guardProject.directory, 'out/worker.js'),
      {},
      { services: { AUTH: server.baseUrl } },
    )
    const client = createClientOf(server.baseUrl)
    const account = { email: 'ada@example.com', password: 'a good password' }
    const { token, refreshToken } = tokensOf(await client.register(account))
    const api = async (path: string, headers: Record<string, string>) => {
      const { status, text } = await send(`${guard.baseUrl}${path}`, { headers })
      return [status, text]
    }
    const bearer = { Authorization: `Bearer ${token}` }
    const cookie = { Cookie: `__Host-access_token=${token}` }
    expect(await api('/api/me', bearer)).toEqual([200, '{"user":"1","plan":"gold"}'])
    expect(await api('/api/fresh', bearer)).toEqual([200, 'fresh'])
    expect((await api('/api/admin', bearer))[0]).toBe(403)
    expect(await api('/page', cookie)).toEqual([200, 'a page'])
    expect((await api('/page', bearer))[0]).toBe(401)
    portcullis('users', 'set-roles', account.email, 'admin', '--url', database.url)
    const admin = tokensOf(await client.refresh(refreshToken)).token
    expect(await api('/api/admin', { Authorization: `Bearer ${admin}` })).toEqual([200, 'admin'])
    await database.query('UPDATE portcullis_users SET password_hash = ?', argon2Hash)
    const moved = { ...account, password: 'correct horse battery staple' }
    expect([await client.login(account), await client.login(moved)]).toEqual([
      expect.objectContaining({ status: 404 }),
      expect.objectContaining({ status: 200 }),
    ])
    await Promise.all([guard.stop(), server.stop(), database.stop()])
  })
})
