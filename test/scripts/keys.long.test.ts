import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it } from 'vitest'
import type { SigningJwk } from '../../src/token/signing-key.ts'
import { startIssuingService } from '../support/issuing-service.ts'
import { readSet, runNpm } from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-keys-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function keys(args: string[], env: NodeJS.ProcessEnv = {}) {
  return runNpm('keys', args, env)
}

const other = join(directory, 'other')
writeFileSync(other, 'other')

let files = 0
function newFile(...args: string[]): string {
  files += 1
  const file = join(directory, `keys-${files}.json`)
  expect(keys(['generate', '--file', file, ...args]).status).toBe(0)
  return file
}

const inFile = (file: string) => readSet(readFileSync(file, 'utf8'))
const statesOf = (set: readonly SigningJwk[]) => set.map(({ state }) => state)

describe('npm run keys -- revoke', () => {
  it('revokes every token of a key, at once at the service, and warns when the key still signs', async () => {
    const file = newFile()
    const set = readFileSync(file, 'utf8')
    const service = await startIssuingService(inject('bundle'), { SIGNING_KEYS: set })
    const token = await service.client.token()
    const [active, next] = inFile(file)
    const revoke = (kid = '', ...args: string[]) =>
      keys(['revoke', kid, ...args], { TURSO_DATABASE_URL: service.database.url })
    expect(revoke(next?.kid, '--file', file).stderr).toBe(
      `Revoked: the tokens of ${next?.kid} are refused: by the service at once, by guards within their bounds.\n`,
    )
    expect((await service.client.status(token)).status).toBe(200)
    const unknown = revoke('nobody', '--file', file)
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('keys show')])
    const revoked = revoke(active?.kid, '--file', file)
    expect([revoked.status, revoked.stderr]).toEqual([0, expect.stringContaining('still signs')])
    expect((await service.client.status(token)).body.code).toBe('token_revoked')
    const unchecked = revoke('of no set')
    expect([unchecked.status, unchecked.stderr]).toEqual([
      2,
      expect.stringContaining('--unchecked'),
    ])
    expect(revoke('of no set', '--unchecked').status).toBe(0)
    expect(revoke(active?.kid, '--file', file).status).toBe(0)
    await service.stop()
  })
})

describe('npm run keys', () => {
  it('prints a generated set on the standard output, and messages on the standard error', () => {
    const { status, stdout, stderr } = keys(['generate'])
    const set = readSet(stdout)
    expect([status, statesOf(set)]).toEqual([0, ['active', 'next']])
    for (const { kid, d } of set) {
      expect(stderr).toContain(kid)
      expect(stderr).not.toContain(d)
    }
    expect(stderr).toContain('npx wrangler secret put SIGNING_KEYS')
  })

  it('generates a set in a file, and says to keep it out of version control', () => {
    const file = join(directory, 'told.json')
    const { stdout, stderr } = keys(['generate', '--file', file])
    expect([stdout, stderr]).toEqual(['', expect.stringContaining(`Keep ${file} out of version`)])
  })

  it('generates EdDSA keys on request', () => {
    expect(inFile(newFile('--algorithm', 'EdDSA')).map(({ alg }) => alg)).toEqual([
      'EdDSA',
      'EdDSA',
    ])
  })

  it('keeps a set in a file that only its owner can read, and never overwrites one', () => {
    const file = newFile()
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file, 'utf8')
    const { status, stderr } = keys(['generate', '--file', file])
    expect([status, stderr]).toEqual([
      1,
      `${file} exists already, and was not changed. \`keys rotate\` changes it. For a new set, choose another --file.\n`,
    ])
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it.each([
    ['a file', (place: string) => writeFileSync(place, 'theirs', { mode: 0o666 })],
    ['a link', (place: string) => symlinkSync(join(directory, 'theirs'), place)],
    ['a link to a file', (place: string) => symlinkSync(other, place)],
  ])('never writes into %s in its place or next to it', (_, plant) => {
    const file = newFile()
    plant(`${file}.new`)
    expect(keys(['rotate', '--file', file]).status).toBe(0)
    expect(statesOf(inFile(file))).toEqual(['retired', 'active', 'next'])
    expect(lstatSync(file).mode & 0o777).toBe(0o600)
    const occupied = `${file}.occupied`
    plant(occupied)
    const { status, stderr } = keys(['generate', '--file', occupied])
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('exists already, and was not changed'),
    ])
    expect(readFileSync(other, 'utf8')).toBe('other')
    expect(existsSync(join(directory, 'theirs'))).toBe(false)
    expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('refuses to rotate a set behind a symbolic link, and says what to pass', () => {
    const file = newFile()
    const before = readFileSync(file, 'utf8')
    const link = `${file}.link`
    symlinkSync(file, link)
    const { status, stderr } = keys(['rotate', '--file', link])
    expect([status, stderr]).toEqual([1, expect.stringContaining('is a symbolic link: pass the')])
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(keys(['show', '--file', link]).status).toBe(0)
  })

  it('rotates: the next key signs, the active one is retired, a new one is next', () => {
    const file = newFile('--algorithm', 'EdDSA')
    const [active, next] = inFile(file)
    const { status, stdout } = keys(['rotate', '--file', file])
    expect([status, stdout]).toEqual([0, ''])
    const rotated = inFile(file)
    expect(rotated.slice(0, 2)).toEqual([
      { ...active, state: 'retired', retired_at: expect.any(Number) },
      { ...next, state: 'active' },
    ])
    expect(rotated[2]).toMatchObject({ state: 'next', alg: 'EdDSA' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('rotates the set in SIGNING_KEYS, and prints it', () => {
    const { stdout } = keys(['generate'])
    const rotated = keys(['rotate'], { SIGNING_KEYS: stdout })
    expect(statesOf(readSet(rotated.stdout))).toEqual(['retired', 'active', 'next'])
  })

  it('activates only keys that were published before', () => {
    const file = newFile()
    const [active] = inFile(file)
    writeFileSync(file, JSON.stringify({ keys: [active] }))
    const { stderr } = keys(['rotate', '--file', file])
    expect(stderr).toContain('There was no next key; now there is one.')
    expect(inFile(file)).toMatchObject([{ ...active, state: 'active' }, { state: 'next' }])
  })

  it('refuses to rotate a set with a second name, a hard link, which would keep the old set', () => {
    const file = newFile()
    const before = readFileSync(file, 'utf8')
    linkSync(file, `${file}.other`)
    const { status, stderr } = keys(['rotate', '--file', file])
    expect([status, stderr]).toEqual([1, expect.stringContaining('has another name (a hard link)')])
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('warns when the active key is too new for guards to know it', () => {
    const file = newFile()
    const rotate = () => keys(['rotate', '--file', file]).stderr
    const [, instant] = /too early to deploy.*\. Wait until (\S+Z),/.exec(rotate()) ?? []
    expect(instant).toMatch(/^\d{4}-/)
    const told = rotate()
    expect(told).toMatch(
      /^Deploy the set from \S+Z on with: npx wrangler secret put SIGNING_KEYS </m,
    )
    expect(told).not.toContain('Deploy the set with')
    expect(rotate()).toContain('too early to deploy')
    const set = inFile(file)
    const aged = (change: object) =>
      writeFileSync(file, JSON.stringify({ keys: set.map((key) => ({ ...key, ...change })) }))
    aged({ created_at: 1 })
    const inTime = rotate()
    expect(inTime).not.toContain('too early to deploy')
    expect(inTime).toMatch(/^Deploy the set with: npx/m)
    // A set of an earlier version: its age comes from the rotations.
    aged({ created_at: undefined })
    expect(rotate()).toContain('too early to deploy')
  })

  it('warns when others can read the file of a set', () => {
    const file = newFile()
    expect(keys(['show', '--file', file]).stderr).toBe('')
    chmodSync(file, 0o644)
    const warning = `Others on this machine can read ${file}: stop that with`
    expect(keys(['show', '--file', file]).stderr).toContain(warning)
  })

  it('reports in JSON, on the standard error where the set is printed', () => {
    const printed = keys(['generate', '--json'])
    const [active, next] = readSet(printed.stdout)
    const facts = { alg: 'ES256', retirable_on: null }
    const described = [
      { kid: active?.kid, state: 'active', ...facts },
      { kid: next?.kid, state: 'next', ...facts },
    ]
    expect(JSON.parse(printed.stderr)).toEqual({ keys: described, warnings: [] })
    const shown = keys(['show', '--json'], { SIGNING_KEYS: printed.stdout })
    expect(JSON.parse(shown.stdout)).toEqual({ keys: described })
    const file = newFile()
    const rotated = JSON.parse(keys(['rotate', '--file', file, '--json']).stdout)
    expect(rotated.warnings).toEqual([expect.stringContaining('too early to deploy')])
    expect(rotated.keys).toHaveLength(3)
  })

  it('says that there is nothing to deploy where there is nothing to retire', () => {
    const file = newFile()
    const { status, stderr } = keys(['retire', '--file', file])
    expect([status, stderr]).toEqual([0, expect.stringContaining('nothing to deploy')])
    expect(stderr).not.toContain('Deploy the set with')
    const set = readFileSync(file, 'utf8')
    expect(readSet(keys(['retire'], { SIGNING_KEYS: set }).stdout)).toEqual(readSet(set))
  })

  it('drops retired keys whose last token has expired, and no others', () => {
    const file = newFile()
    keys(['rotate', '--file', file])
    keys(['retire', '--file', file])
    expect(statesOf(inFile(file))).toEqual(['retired', 'active', 'next'])
    const [retired, ...others] = inFile(file)
    const longAgo = { ...retired, retired_at: Number(retired?.retired_at) - 86_401 }
    writeFileSync(file, JSON.stringify({ keys: [longAgo, ...others] }))
    expect(keys(['show', '--file', file]).stdout).toMatch(/retired +now/)
    keys(['retire', '--file', file])
    expect(inFile(file)).toEqual(others)
  })

  it('drops a named key at once, unless it signs', () => {
    const file = newFile()
    const [active, next] = inFile(file)
    const refused = keys(['retire', String(active?.kid), '--file', file])
    expect([refused.status, refused.stderr]).toMatchObject([
      1,
      expect.stringContaining('First run `keys rotate`'),
    ])
    expect(keys(['retire', 'nobody', '--file', file]).stderr).toContain('There is no key nobody')
    expect(keys(['retire', String(next?.kid), '--file', file]).status).toBe(0)
    expect(inFile(file)).toEqual([active])
  })

  it('warns that a named key may still have live tokens, and only then', () => {
    const file = newFile()
    keys(['rotate', '--file', file])
    const set = inFile(file)
    const [retired, , next] = set
    const retire = (kid: unknown) => keys(['retire', `${kid}`, '--file', file]).stderr
    expect(retire(next?.kid)).not.toContain('valid tokens')
    expect(retire(retired?.kid)).toMatch(
      /^The key \S+ may still have valid tokens, until \S+Z at the latest\. Deploying this set ends them\.$/m,
    )
    const longAgo = { ...retired, retired_at: Number(retired?.retired_at) - 86_401 }
    writeFileSync(file, JSON.stringify({ keys: [longAgo, ...set.slice(1)] }))
    expect(retire(retired?.kid)).not.toContain('valid tokens')
  })

  it('shows the keys of a set, and nothing secret', () => {
    const file = newFile()
    const { status, stdout } = keys(['show', '--file', file])
    expect(status).toBe(0)
    for (const { kid, d } of inFile(file)) {
      expect(stdout).toContain(kid)
      expect(stdout).not.toContain(d)
    }
  })

  it.each([
    [2, ['revoke', 'k'], { TURSO_DATABASE_URL: '' }, 'Say which database'],
    [
      4,
      ['revoke', 'k', '--unchecked', '--url', 'http://127.0.0.1:9'],
      {},
      'The key was not revoked: the database',
    ],
    [
      2,
      ['show'],
      {},
      'Say where the key set is: pass --file, or set SIGNING_KEYS in the environment.',
    ],
    [1, ['show', '--file', '/nowhere/k.json'], {}, '/nowhere/k.json cannot be read: make it with'],
    [1, ['generate', '--file', '/nowhere/k.json'], {}, 'k.json cannot be written: check its'],
    [1, ['rotate'], { SIGNING_KEYS: '{"keys":[]}' }, 'SIGNING_KEYS must be a private JWK Set'],
    [2, ['generate', '--algorithm', 'RS256'], {}, 'Allowed choices are ES256, EdDSA'],
  ])('exits %i for %j with %j, and says what to do', (code, args, env, sentence) => {
    const { status, stderr } = keys(args, env)
    expect(status).toBe(code)
    expect(stderr).toContain(sentence)
    expect(stderr).not.toMatch(/^ +at /m)
  })
})
