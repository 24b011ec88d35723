// npm run reference as a user runs it.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../support/openapi-document.ts'
import { runNpm } from './commands.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-reference-'))
const document = join(directory, 'document.json')
const folder = join(directory, 'a/site')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

beforeAll(() => writeFileSync(document, JSON.stringify(openApiDocument)))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('npm run reference', () => {
  it('writes the page, its files and their headers, and prints the folder', () => {
    const { status, stdout } = runNpm('reference', [folder, '--document', document])
    expect(status).toBe(0)
    expect(stdout).toContain(join(folder, 'docs/index.html'))
    const files = readdirSync(join(folder, 'docs')).sort()
    expect(files).toEqual(['index.html', 'openapi.json', 'scalar.js', 'start.js'])
    expect(JSON.parse(read('docs/openapi.json'))).toEqual(openApiDocument)
    expect(read('_headers')).toMatch(
      /^\/docs\/\*\n {2}Content-Security-Policy: default-src 'none';/,
    )
    expect(read('_headers')).toContain('\n  X-Content-Type-Options: nosniff\n')
  })

  it('has no script and no style in the page itself', () => {
    const page = read('docs/index.html')
    expect(page.match(/<script[^>]*>/g)).toEqual([
      '<script src="start.js" defer>',
      '<script src="scalar.js" defer>',
    ])
    expect(page).not.toMatch(/<style|style=|https?:/)
  })

  it('shows another server with --server, and replaces its files', () => {
    const url = 'https://auth.example.org'
    const args = [folder, '--document', document, '--server', url]
    expect(runNpm('reference', args).status).toBe(0)
    expect(JSON.parse(read('docs/openapi.json')).servers).toEqual([{ url }])
  })

  it('refuses to replace files that it has not written', () => {
    const theirs = join(directory, 'theirs')
    mkdirSync(theirs)
    writeFileSync(join(theirs, '_headers'), '/*\n  X-Mine: 1\n')
    const { status, stderr } = runNpm('reference', [theirs, '--document', document])
    expect([status, stderr.trim()]).toEqual([
      1,
      `${join(theirs, '_headers')} exists already, and is not from this command: choose another folder.`,
    ])
    expect(readFileSync(join(theirs, '_headers'), 'utf8')).toContain('X-Mine')
    expect(runNpm('reference', ['', '--document', document]).status).toBe(1)
  })

  it('names each problem in one sentence', () => {
    const sentence = (...args: string[]) => {
      const { status, stderr } = runNpm('reference', args)
      return [status, stderr.trim()]
    }
    const missing = join(directory, 'missing.json')
    expect(sentence(folder, '--document', missing)).toEqual([
      1,
      `${missing} is missing, or is not an OpenAPI document in JSON: check --document.`,
    ])
    for (const place of [join(document, 'site'), '/proc/portcullis']) {
      expect(sentence(place, '--document', document)).toEqual([
        1,
        `The folder ${place} cannot be made or written: choose another one.`,
      ])
    }
    for (const [args, words] of [
      [[folder, '--server', 'auth.example.com'], 'the URL of the service, such as https://auth.'],
      [['one', 'two'], 'too many arguments'],
      [['--no-such-option'], "unknown option '--no-such-option'"],
    ] as const) {
      const [status, said] = sentence(...args)
      expect([status, said]).toEqual([1, expect.stringContaining(words)])
      expect(said).toContain('--document <file>')
    }
  })

  it('lists its options with --help', () => {
    const { status, stdout } = runNpm('reference', ['--help'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('--server <url>')])
    expect(stdout).toContain('Usage: npm run reference -- [options] [folder]')
  })
})
