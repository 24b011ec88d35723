// Git tracks none of the secrets that users make by the documents.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from './commands.ts'

const repository = mkdtempSync(join(tmpdir(), 'portcullis-ignored-'))
const git = (...args: string[]) => spawnSync('git', args, { cwd: repository, encoding: 'utf8' })

beforeAll(() => {
  expect(git('init', '--quiet').status).toBe(0)
  copyFileSync(join(root, '.gitignore'), join(repository, '.gitignore'))
})
afterAll(() => rmSync(repository, { recursive: true, force: true }))

const isIgnored = (name: string) => git('check-ignore', '--quiet', name).status === 0

/** The files into which commands of the documents write keys and databases. */
function namesInDocuments(): string[] {
  const found = spawnSync('git', ['grep', '-hoE', '(--file |file:)[^ `"]+', '--', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  })
  const paths = found.stdout.split('\n').map((line) => line.replace(/^(--file |file:)/, ''))
  // A name, not a placeholder or a word about such URLs.
  return [...new Set(paths.filter((path) => /\.\w+$/.test(path)).map((path) => basename(path)))]
}

describe('git ignores', () => {
  it('every file that the documents name, and the temporary files next to it', () => {
    const names = namesInDocuments()
    expect(names).toEqual(expect.arrayContaining(['signing-keys.json', 'portcullis.db']))
    for (const name of names) {
      const beside = name.endsWith('.db') ? ['-wal', '-shm', '-journal'] : ['.0123456789abcdef.tmp']
      for (const suffix of ['', ...beside]) {
        expect([name + suffix, isIgnored(name + suffix)]).toEqual([name + suffix, true])
      }
    }
  })

  it.each([
    ...['.dev.vars', '.dev.vars.staging', '.dev.vars.0123456789abcdef.tmp', '.env'],
    ...['.portcullis/sqld', '.portcullis/portcullis.db', '.wrangler/state'],
  ])('%s', (name) => expect(isIgnored(name)).toBe(true))

  it('no source', () => {
    for (const name of ['src/token/signing-key.ts', 'test/runtimes/signing-keys.test.ts']) {
      expect([name, isIgnored(name)]).toEqual([name, false])
    }
  })
})
