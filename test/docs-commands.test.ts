// The commands of docs/guides/secret-key.md, in a shell. A fake `npx` records its arguments and
// input.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDoc } from '../scripts/docs/markdown.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-guide-'))
const told = join(directory, 'bin/told')
const guide = readDoc('docs/guides/secret-key.md')
const blocks = Array.from(guide.matchAll(/^ +```sh\n(.*?)^ +```$/gms), ([, text = '']) => text)
const [make = '', announce = '', exchange = '', remove = '', replace = ''] = blocks

beforeAll(() => {
  mkdirSync(join(directory, 'bin'))
  writeFileSync(join(directory, 'bin/npx'), `#!/bin/sh\n{ echo "$@"; cat; } > '${told}'\n`)
  chmodSync(join(directory, 'bin/npx'), 0o755)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Runs a block. Gives the arguments of `npx`, and its input. */
function run(block: string): [call: string, input: string] {
  const env = { ...process.env, PATH: `${join(directory, 'bin')}:${process.env.PATH}` }
  execFileSync('sh', ['-c', block], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [call = '', ...lines] = readFileSync(told, 'utf8').split('\n')
  return [call, lines.join('\n')]
}

const read = (file: string) => readFileSync(join(directory, file), 'utf8')

describe('the commands for exchanging SECRET_KEY', () => {
  it('keep every character of both keys, and leave no other file', () => {
    const previous = 'a "key" with # and \\ and $HOME, 0123456789 and more'
    writeFileSync(join(directory, 'secret-key.txt'), `${previous}\n`)
    writeFileSync(told, '')
    run(make)
    expect(read('old-secret-keys.txt').trim()).toBe(previous)
    const next = read('next-secret-key.txt')
    expect(run(announce)).toEqual(['wrangler secret put PREVIOUS_SECRET_KEY', next])
    const [call, input] = run(exchange)
    expect(call).toBe('wrangler secret bulk')
    expect(JSON.parse(input)).toEqual({
      SECRET_KEY: next.trim(),
      PREVIOUS_SECRET_KEY: previous,
    })
    expect(readdirSync(directory).sort()).toEqual(['bin', 'old-secret-keys.txt', 'secret-key.txt'])
    expect(read('secret-key.txt')).toBe(next)
    expect(run(remove)[0]).toBe('wrangler secret delete PREVIOUS_SECRET_KEY')
  })

  it('replace a leaked key, remove the previous one, and keep the leaked one for the audit', () => {
    const leaked = read('secret-key.txt').trim()
    const [call, input] = run(replace)
    expect(read('old-secret-keys.txt').split('\n')).toContain(leaked)
    expect(call).toBe('wrangler secret bulk')
    const SECRET_KEY = read('secret-key.txt').trim()
    expect(JSON.parse(input)).toEqual({ SECRET_KEY, PREVIOUS_SECRET_KEY: null })
  })
})
