// Which browser the tests use: one that is named, one that this machine has, or one that is fetched.

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BrowserProgram } from './browser-program.ts'
import { fetchBrowser } from './fetch-browser.ts'

export interface BrowserSearch {
  /**
   * A browser's path; `required`: fail where there is none; `fetch`: fetch it, whatever this machine
   * has; `none`: leave it out. `PORTCULLIS_BROWSER` by default.
   */
  readonly wanted?: string | undefined
  /** Where to look, best first. */
  readonly places?: readonly string[]
  /** Fetches a browser, or says why it cannot. */
  readonly fetch?: () => BrowserProgram | string
}

/**
 * Undefined where there is no browser; the output then says how to get one.
 *
 * @throws where one is asked for by name and cannot be had
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

/** Ubuntu has a `chromium-browser` that only says how to install one: so it is tried. */
function isBrowser(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false
  // There it would open a window.
  if (process.platform === 'win32') return true
  return spawnSync(path, ['--version'], { timeout: 20_000 }).status === 0
}

/** Where Chrome, Chromium and Edge usually are. */
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
