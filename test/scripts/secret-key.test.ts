import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureSecretKey } from '../../scripts/dev/secret-key.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-vars-'))
  file = join(directory, '.dev.vars')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('the key of a developer’s machine', () => {
  it('is made once, at random, for its owner alone', () => {
    const key = ensureSecretKey(file)
    expect(key).toMatch(/^[\w-]{43}$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(ensureSecretKey(file)).toBe(key)
    rmSync(file)
    expect(ensureSecretKey(file)).not.toBe(key)
  })

  it('is added to what the file holds', () => {
    writeFileSync(file, 'OTHER="kept"')
    const key = ensureSecretKey(file)
    expect(readFileSync(file, 'utf8')).toBe(`OTHER="kept"\nSECRET_KEY="${key}"\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is left alone where there is one', () => {
    writeFileSync(file, 'SECRET_KEY=mine\n')
    expect(ensureSecretKey(file)).toBe('mine')
    expect(readFileSync(file, 'utf8')).toBe('SECRET_KEY=mine\n')
  })

  it('cannot be where something else is, and says what to do', () => {
    mkdirSync(file)
    expect(() => ensureSecretKey(file)).toThrow('change its permissions, or pass --var')
  })
})
