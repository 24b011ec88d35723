import {
  existsSync,
  mkdirSync,
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
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
  it('are generated once, at random, for their owner alone', async () => {
    const secrets = await ensureSecrets(file, {})
    expect(secrets.SECRET_KEY).toMatch(/^[\w-]{43}$/)
    const keys = await parseSigningKeys(String(secrets.SIGNING_KEYS))
    expect(keys).toMatchObject({ ok: true, value: [{ state: 'active' }, { state: 'next' }] })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await ensureSecrets(file, {})).toEqual(secrets)
    rmSync(file)
    const others = await ensureSecrets(file, {})
    expect(others.SECRET_KEY).not.toBe(secrets.SECRET_KEY)
    expect(others.SIGNING_KEYS).not.toBe(secrets.SIGNING_KEYS)
  })

  it('are added to the content of the file', async () => {
    writeFileSync(file, 'OTHER="kept"')
    const { SECRET_KEY: key } = await ensureSecrets(file, withKeys)
    expect(readFileSync(file, 'utf8')).toBe(`OTHER="kept"\nSECRET_KEY='${key}'\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('stay as they are where the file has them', async () => {
    writeFileSync(file, 'SECRET_KEY=mine\n')
    expect(await ensureSecrets(file, withKeys)).toEqual({ SECRET_KEY: 'mine' })
    expect(readFileSync(file, 'utf8')).toBe('SECRET_KEY=mine\n')
  })

  it('are not written where the user gives a SECRET_KEY', async () => {
    expect(await ensureSecrets(file, { SECRET_KEY: 'given' })).toEqual({})
    expect(existsSync(file)).toBe(false)
  })

  it('become private where others could read them, and the user is told', async () => {
    writeFileSync(file, "SECRET_KEY='mine'\n", { mode: 0o644 })
    const said = vi.spyOn(console, 'log').mockReturnValue()
    await ensureSecrets(file, withKeys)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(said.mock.calls).toEqual([
      [`Others on this machine could read ${file}. From now on, only you can.`],
    ])
    said.mockRestore()
  })

  it.each(['target', 'missing'])(
    'are not written through a symbolic link to a %s',
    async (name) => {
      const target = join(directory, name)
      if (name === 'target') writeFileSync(target, 'OTHER=1\n')
      symlinkSync(target, file)
      await expect(ensureSecrets(file, {})).rejects.toThrow(
        'is a symbolic link, so no secrets are written to it',
      )
      expect(existsSync(target) && readFileSync(target, 'utf8')).toBe(
        name === 'target' ? 'OTHER=1\n' : false,
      )
      expect(readdirSync(directory).sort()).toEqual(
        name === 'target' ? ['.dev.vars', 'target'] : ['.dev.vars'],
      )
    },
  )

  it('fail where the path is something else, and say what to do', async () => {
    mkdirSync(file)
    await expect(ensureSecrets(file, {})).rejects.toThrow('change its permissions, or pass --var')
  })
})
