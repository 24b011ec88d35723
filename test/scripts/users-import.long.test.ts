import { chmodSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshEmail } from '../support/client.ts'
import { createDatabaseFile, startDatabase, type TestDatabase } from '../support/database.ts'
import { createFolder, createKnownHashes, jsonLines } from '../support/import-files.ts'
import { runNpm } from './commands.ts'

const folder = createFolder()
const known = await createKnownHashes(1)
const [{ hash } = { hash: '' }] = known
/** A part of every hash here. No output may have it. */
const secret = hash.slice(-20)
let database: TestDatabase
beforeAll(async () => {
  database = await createDatabaseFile()
})
afterAll(async () => {
  await database?.stop()
  folder.remove()
})

function run(args: readonly string[], input = '', variables: Record<string, string> = {}) {
  const settings = { TURSO_DATABASE_URL: database.url, ...variables }
  const done = runNpm('admin', ['users', 'import', ...args], settings, input)
  expect(`${done.stdout}${done.stderr}`).not.toContain(secret)
  expect(done.stderr).not.toMatch(/^ +at /m)
  return done
}
/** Imports JSON lines from the standard input. */
const importLines = (text: string, ...args: string[]) =>
  run(['-', '--format', 'jsonl', '--json', ...args], text)
const importCsv = (text: string, ...args: string[]) =>
  run(['-', '--format', 'csv', '--json', ...args], text)
const accountOf = async (email: string) =>
  (await database.query('SELECT * FROM portcullis_users WHERE email = ?', email))[0]
const countUsers = async () =>
  Number((await database.query('SELECT count(*) AS count FROM portcullis_users'))[0]?.count)

describe('npm run admin -- users import', () => {
  it('makes accounts from JSON lines, and says so', async () => {
    const [one, two] = [freshEmail(), freshEmail()]
    const file = folder.write(
      'accounts.jsonl',
      jsonLines([
        {
          email: one,
          hash,
          roles: ['editor', 'admin'],
          verified: true,
          registered_at: 1_600_000_000,
        },
        { email: two, password_hash: hash, roles: 'b a', disabled_at: '2024-01-01T00:00:00Z' },
      ]),
    )
    const { status, stdout, stderr } = run([file])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^entries +2\nmade +2\n +bcrypt +2\nalready there +0\ntaken +0\nleft out +0\n$/,
    )
    expect(await accountOf(one)).toMatchObject({
      ...{ password_hash: hash, admin: 1, other_roles: 'editor', disabled_at: null },
      ...{ registered_at: 1_600_000_000, email_verified_at: 1_600_000_000, password_version: 1 },
    })
    expect(await accountOf(two)).toMatchObject({
      ...{ password_hash: hash, admin: 0, other_roles: 'a b', disabled_at: 1_704_067_200 },
      email_verified_at: null,
    })
  })

  it('makes the same accounts from CSV as Excel writes it', async () => {
    const [one, two] = [freshEmail(), freshEmail()]
    const text = `\uFEFFemail,hash,roles,verified,created_at,name\r\n"${one}",${hash},"b a",t,2020-09-13 12:26:40+00,"Ada ""A"", née\r\nByron"\r\n${two},${hash},,f,,\r\n`
    const { status, stdout } = run([folder.write('accounts.CSV', text), '--json'])
    expect([status, JSON.parse(stdout)]).toEqual([
      0,
      {
        ...{ dry_run: false, entries: 2, made: 2, already_there: 0, taken: 0 },
        ...{ left_out: 0, reasons: {} },
        ...{
          hashes: { bcrypt: 2 },
          needs: {},
          ignored_members: ['name'],
          seconds: expect.any(Number),
        },
      },
    ])
    expect(await accountOf(one)).toMatchObject({
      ...{ admin: 0, other_roles: 'a b', disabled_at: null },
      ...{ registered_at: 1_600_000_000, email_verified_at: 1_600_000_000 },
    })
    expect(await accountOf(two)).toMatchObject({ other_roles: '', email_verified_at: null })
  })

  it('makes accounts of every known family, and says once what some of them need', async () => {
    const entries = known.map((one) => ({ email: freshEmail(), hash: one.hash }))
    const needing = known.filter(({ family }) => family === 'argon2id').length
    const file = folder.write('families.jsonl', jsonLines(entries))
    const checked = run([file, '--json', '--dry-run'])
    const { status, stdout } = run([file])
    expect(JSON.parse(checked.stdout)).toMatchObject({
      made: known.length,
      needs: { 'portcullis/argon2': needing },
    })
    expect(status).toBe(0)
    expect(stdout.match(/portcullis\/argon2/g)).toHaveLength(1)
    expect(stdout).toContain(
      `\n${needing} can log in only where the service has portcullis/argon2.\n`,
    )
    for (const { email, hash } of entries)
      expect(await accountOf(email)).toMatchObject({ password_hash: hash })
  })

  it('changes nothing that is there, and is done when it is run again', async () => {
    const email = freshEmail()
    importLines(jsonLines([{ email, hash, roles: ['first'] }]))
    const before = await accountOf(email)
    const again = importLines(jsonLines([{ email: email.toUpperCase(), hash, roles: ['second'] }]))
    expect([again.status, JSON.parse(again.stdout)]).toMatchObject([
      0,
      { made: 0, already_there: 1, left_out: 0 },
    ])
    expect(await accountOf(email)).toEqual(before)
  })

  it.each([[[]], [['--dry-run']]])(
    'tells accounts that no import has made from those that have moved in: %j',
    async (args: readonly string[]) => {
      const [moved, taken] = [freshEmail(), freshEmail()]
      importLines(jsonLines([{ email: moved, hash }]))
      await database.query(
        "INSERT INTO portcullis_users (email, email_normalized, password_hash, token_generation, registered_at) VALUES (?, ?, 'theirs', '0123456789abcdef', 1)",
        ...[taken, taken],
      )
      const before = await accountOf(taken)
      const reportFile = folder.path(`taken-${args.length}.jsonl`)
      const text = jsonLines([moved, taken].map((email) => ({ email, hash })))
      const { status, stdout, stderr } = importLines(text, '--report', reportFile, ...args)
      const facts = { entries: 2, made: 0, already_there: 1, taken: 1, left_out: 0, reasons: {} }
      expect([status, JSON.parse(stdout)]).toMatchObject([5, facts])
      expect(stderr).toContain('Line 2: The email has an account that no import has made, or such')
      expect(stderr).toContain(
        '"message":"Taken by accounts that no import has made: the emails of 1',
      )
      expect(JSON.parse(readFileSync(reportFile, 'utf8'))).toEqual({
        ...{ line: 2, email: taken, reason: 'email_taken', message: expect.any(String) },
      })
      expect(await accountOf(taken)).toEqual(before)
    },
  )

  it('checks everything with --dry-run, and writes nothing', async () => {
    const [one, two, there] = [freshEmail(), freshEmail(), freshEmail()]
    importLines(jsonLines([{ email: there, hash }]))
    const before = await countUsers()
    const entries = [one, two, one.toUpperCase(), there].map((email) => ({ email, hash }))
    const { status, stdout } = importLines(jsonLines(entries), '--dry-run')
    expect([status, JSON.parse(stdout)]).toMatchObject([
      5,
      {
        ...{ dry_run: true, entries: 4, made: 2, already_there: 1, left_out: 1 },
        reasons: { email_twice: 1 },
      },
    ])
    expect(await countUsers()).toBe(before)
  })

  it('leaves out what does not fit, with its line and reason, and exits 5', async () => {
    const [good, twice] = [freshEmail(), freshEmail()]
    const cases: [string, string | undefined, string | null][] = [
      [`{"email":"${good}","hash":"${hash}"}`, undefined, null],
      ['', undefined, null],
      [`{"email":"${twice}","hash":"${hash}"}`, undefined, null],
      [`{"hash":"${hash}"}`, 'email_missing', null],
      [`{"email":"ada@example.com"}`, 'hash_missing', 'ada@example.com'],
      [`{"email":"ada","hash":"${hash}"}`, 'email_malformed', null],
      [`{"email":"ada@local","hash":"${hash}"}`, 'email_malformed', 'ada@local'],
      [`{"email":"${hash}","hash":"ada@example.com"}`, 'email_malformed', null],
      [`{"email":"a@b.c:${hash}","hash":"${hash}"}`, 'email_malformed', null],
      [`{"email":"ada@example.com","hash":"x${hash}"}`, 'hash_unfit', 'ada@example.com'],
      [`{"email":"ada@example.com","hash":["${hash}"]}`, 'hash_malformed', 'ada@example.com'],
      [
        `{"email":"ada@example.com","hash":"${hash}","roles":["super user"]}`,
        'role_malformed',
        'ada@example.com',
      ],
      [
        `{"email":"ada@example.com","hash":"${hash}","roles":[${hash.length}]}`,
        'roles_malformed',
        'ada@example.com',
      ],
      [
        `{"email":"ada@example.com","hash":"${hash}","verified":"perhaps"}`,
        'verified_malformed',
        'ada@example.com',
      ],
      [`{"email":"ada@example.com","hash":"${hash}"`, 'line_malformed', null],
      [`["ada@example.com","${hash}"]`, 'line_malformed', null],
      ['['.repeat(60_000), 'line_malformed', null],
      [
        `{"email":"ada@example.com","hash":"${hash}","x":"${'x'.repeat(65_536)}"}`,
        'line_too_long',
        null,
      ],
      [`{"email":"${twice.toUpperCase()}","hash":"${hash}"}`, 'email_twice', twice.toUpperCase()],
    ]
    const reportFile = folder.write('report.jsonl', 'of an earlier run')
    chmodSync(reportFile, 0o644)
    const text = cases.map(([line]) => `${line}\n`).join('')
    const { status, stdout, stderr } = importLines(text, '--report', reportFile)
    const leftOut = cases.flatMap(([, reason, email], place) =>
      reason ? [{ line: place + 1, email, reason, message: expect.any(String) }] : [],
    )
    expect(status).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({ made: 2, left_out: leftOut.length })
    expect(stderr).toContain(`{"error":"partial","message":"Left out ${leftOut.length} of the`)
    expect(stderr).toContain('Line 4: The entry has no email.\n')
    const reported = readFileSync(reportFile, 'utf8')
    expect(
      reported
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(leftOut)
    expect(reported).not.toContain(secret)
    expect(statSync(reportFile).mode & 0o777).toBe(0o600)
    expect(await accountOf('ada@example.com')).toBeUndefined()
  })

  it('refuses a link at the place of the report, and keeps the link and its target', () => {
    const target = folder.write('target.txt', 'kept')
    const link = folder.path('link.jsonl')
    symlinkSync(target, link)
    const { status, stderr } = importLines('{}\n', '--report', link)
    expect([status, stderr]).toEqual([2, expect.stringContaining('is no regular file')])
    expect([readFileSync(target, 'utf8'), readlinkSync(link)]).toEqual(['kept', target])
  })

  it('leaves out text that is not UTF-8', () => {
    const line = Buffer.concat([
      Buffer.from(`email,hash,name\n${freshEmail()},${hash},`),
      Buffer.from('e9', 'hex'),
      Buffer.from(`\n${freshEmail()},${hash},x\n`),
    ])
    const { status, stdout } = run([folder.write('latin.csv', line), '--json'])
    expect([status, JSON.parse(stdout)]).toMatchObject([5, { made: 1, reasons: { not_utf8: 1 } }])
  })

  it('leaves out a record of CSV with another number of fields', () => {
    const text = `email,hash\n${freshEmail()},${hash},admin\n${freshEmail()}\n${freshEmail()},${hash}\n`
    expect(JSON.parse(importCsv(text).stdout)).toMatchObject({
      made: 1,
      reasons: { line_malformed: 2 },
    })
  })

  it.each([
    ['a quote that nothing closes', 'x,"never closed\n'],
    ['a backslash before a quote', 'x,"say \\"hi\\", \n'],
    ['a quote inside a field', 'x,6" \n'],
    ['a line that is too long', `x,${'x'.repeat(65_537)}\n`],
  ])('takes no further account after %s: it may be text of a user', async (_, broken) => {
    const [before, after] = [freshEmail(), freshEmail()]
    const text = `email,hash,name\n${before},${hash},x\n${broken}${after},${hash},x\n`
    const { status, stderr } = importCsv(text)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/line 3.*Nothing from this/i)])
    expect(stderr).toContain('Line 2: 1 made')
    expect(await accountOf(before)).toBeDefined()
    expect(await accountOf(after)).toBeUndefined()
  })

  it('names members that it does not read, but nothing that could be a value', () => {
    const entry = { email: freshEmail(), hash, name: 'Ada', [hash]: 1, '\u001b[2J': 1 }
    const { stdout } = run(['-', '--format', 'jsonl'], jsonLines([entry, entry]))
    expect(stdout).toContain('Members that were not read: name, others.\n')
  })

  it('keeps a member that JavaScript knows apart from its own', () => {
    const email = freshEmail()
    const text = `{"email":"${email}","hash":"${hash}","__proto__":{"roles":["admin"]},"constructor":1}\n`
    expect(importLines(text).status).toBe(0)
  })

  it('is content with an empty file', () => {
    for (const text of ['', '\n\n']) {
      const { status, stdout } = importLines(text)
      expect([status, JSON.parse(stdout)]).toMatchObject([0, { entries: 0 }])
    }
  })

  it('takes emails without a dot where the service does', async () => {
    const text = jsonLines([{ email: 'ada@intranet', hash }])
    const arguments_ = ['-', '--format', 'jsonl']
    expect(run(arguments_, text).stderr).toContain('set EMAIL_DOMAINS=any if the service has it')
    expect(run(arguments_, text, { EMAIL_DOMAINS: 'any' }).status).toBe(0)
  })

  it('warns of a file that others can read', () => {
    const file = folder.write('open.jsonl', '')
    chmodSync(file, 0o644)
    expect(run([file]).stderr).toContain(`Others on this machine can read ${file}`)
  })

  it.each([
    [2, ['accounts.txt'], 'Say the format of the file: add --format jsonl or csv.'],
    [2, ['-'], 'Say the format of the file'],
    [2, ['-', '--format', 'xml'], 'Allowed choices are jsonl, csv.'],
    [1, ['/nowhere/accounts.csv'], 'cannot be read'],
    [2, ['-', '--format', 'csv'], 'It names no column `email`, in small letters.'],
    [2, ['-', '--format', 'jsonl', '--report', '/nowhere/x'], 'cannot be written'],
    [4, ['-', '--format', 'jsonl', '--url', 'http://127.0.0.1:9'], 'The import has stopped'],
  ])('exits %i for %j and says why', (code, args, sentence) => {
    const isCsv = args.includes('csv')
    const email = freshEmail()
    const input = isCsv ? `${email},${hash}\n` : jsonLines([{ email, hash }])
    const { status, stderr } = run(args, input)
    expect([status, stderr]).toEqual([code, expect.stringContaining(sentence)])
  })

  it('refuses a column that comes twice, and the file itself as its report', () => {
    expect(importCsv('email,hash,email\n').stderr).toContain('names a column twice')
    const file = folder.write('same.jsonl', jsonLines([{ email: freshEmail(), hash }]))
    const { status, stderr } = run([file, '--report', file])
    expect([status, stderr]).toEqual([2, expect.stringContaining('name another file')])
    expect(readFileSync(file, 'utf8')).toContain(hash)
  })

  it('says what to do about a database without migrations', async () => {
    const empty = await startDatabase(async () => {})
    const text = jsonLines([{ email: freshEmail(), hash }])
    const { status, stderr } = importLines(text, '--url', empty.url)
    expect([status, stderr]).toEqual([3, expect.stringContaining('run `portcullis migrate`')])
    await empty.stop()
  })
})
