// Which browser the tests use: one that is named, one on this machine, or a downloaded one.

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BrowserProgram } from './browser-program.ts'
import { fetchBrowser } from './fetch-browser.ts'

export interface BrowserSearch {
  /**
   * A browser's path, or one of three words. `required`: fail where there is none. `fetch`:
   * download it, whatever this machine has. `none`: skip the tests. Default: `PORTCULLIS_BROWSER`.
   */
  readonly wanted?: string | undefined
  /** The places to search, best first. */
  readonly places?: readonly string[]
  /** Downloads a browser, or says why it cannot. */
  readonly fetch?: () => BrowserProgram | string
}

/**
 * Undefined where there is no browser. The output then says how to get one.
 *
 * @throws where a browser is required or named, and is unavailable
 */
export function findBrowser({
  wanted = process.env.PORTCULLIS_BROWSER ?? '',
  places = usualPlaces(),
  fetch = fetchBrowser,
}: BrowserSearch = {}): BrowserProgram | undefined {
  if (!['', 'required', 'fetch', 'none'].includes(wanted)) return namedBrowser(wanted)
  if (wanted === 'none') return leaveOut('PORTCULLIS_BROWSER is none')
  const installed = wanted === 'fetch' ? undefined : places.find(isBrowser)
  if (installed) return { executablePath: installed, env: {} }
  const fetched = fetch()
  if (typeof fetched !== 'string') return fetched
  if (wanted !== '') throw new Error(`There is no browser: ${fetched}. ${advice}`)
  return leaveOut(fetched)
}

const advice =
  'Install Chrome, Chromium or Edge, or name one: PORTCULLIS_BROWSER=/path/to/chromium npm test'

function leaveOut(reason: string): undefined {
  console.warn(`Left out: the tests in a browser, for there is none (${reason}). ${advice}`)
}

function namedBrowser(path: string): BrowserProgram {
  if (isBrowser(path)) return { executablePath: path, env: {} }
  throw new Error(`PORTCULLIS_BROWSER names ${path}, which is not a program that runs. ${advice}`)
}

/** Ubuntu has a `chromium-browser` that only says how to install one, so this starts it. */
function isBrowser(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
  // On Windows it would open a window.
  if (process.platform === 'win32') return true
  return spawnSync(path, ['--version'], { timeout: 20_000 }).status === 0
}

/** The usual places of Chrome, Chromium and Edge. */
export function usualPlaces(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): readonly string[] {
  if (platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].flatMap((name) =>
      ['', env.HOME ?? ''].map((home) => `${home}/Applications/${name}.app/Contents/MacOS/${name}`),
    )
  }
  if (platform === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
    const programs = ['Google\\Chrome', 'Chromium', 'Microsoft\\Edge']
    return programs.flatMap((name) => {
      const file = name.endsWith('Edge') ? 'msedge.exe' : 'chrome.exe'
      return folders.filter(Boolean).map((folder) => `${folder}\\${name}\\Application\\${file}`)
    })
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  names.push('microsoft-edge', 'microsoft-edge-stable')
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/snap/bin']
  const found = names.flatMap((name) => folders.filter(Boolean).map((folder) => join(folder, name)))
  return [...new Set(found)]
}
