import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureSecrets } from '../../scripts/dev/secrets.ts'
import { parseSigningKeys } from '../../src/token/signing-key.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-vars-'))
  file = join(directory, '.dev.vars')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const withKeys = { SIGNING_KEYS: '' }

describe('the secrets of a developer’s machine', () => {
  it('are made once, at random, for their owner alone', async () => {
    const secrets = await ensureSecrets(file, {})
    expect(secrets.SECRET_KEY).toMatch(/^[\w-]{43}$/)
    const keys = parseSigningKeys(String(secrets.SIGNING_KEYS))
    expect(keys).toMatchObject({ ok: true, value: [{ state: 'active' }, { state: 'next' }] })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await ensureSecrets(file, {})).toEqual(secrets)
    rmSync(file)
    const others = await ensureSecrets(file, {})
    expect(others.SECRET_KEY).not.toBe(secrets.SECRET_KEY)
    expect(others.SIGNING_KEYS).not.toBe(secrets.SIGNING_KEYS)
  })

  it('are added to what the file holds', async () => {
    writeFileSync(file, 'OTHER="kept"')
    const { SECRET_KEY: key } = await ensureSecrets(file, withKeys)
    expect(readFileSync(file, 'utf8')).toBe(`OTHER="kept"\nSECRET_KEY='${key}'\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('are left alone where there are some', async () => {
    writeFileSync(file, 'SECRET_KEY=mine\n')
    expect(await ensureSecrets(file, withKeys)).toEqual({ SECRET_KEY: 'mine' })
    expect(readFileSync(file, 'utf8')).toBe('SECRET_KEY=mine\n')
  })

  it('are nobody’s business where the user gives a SECRET_KEY', async () => {
    expect(await ensureSecrets(file, { SECRET_KEY: 'given' })).toEqual({})
    expect(existsSync(file)).toBe(false)
  })

  it('cannot be where something else is, and say what to do', async () => {
    mkdirSync(file)
    await expect(ensureSecrets(file, {})).rejects.toThrow('change its permissions, or pass --var')
  })
})
