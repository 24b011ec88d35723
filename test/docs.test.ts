import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { generateDocs } from '../scripts/docs/generated-docs.ts'
import { logEvents } from '../scripts/docs/log-events.ts'
import { readDoc } from '../scripts/docs/markdown.ts'
import { settings } from '../src/service/config/settings.ts'
import { version } from '../src/service/config/version.ts'
import { brokenLinks, countLinks, markdownFiles } from './support/links.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readDoc('README.md')

function sourceFiles(): string[] {
  const all = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
  return all.filter((file) => file.endsWith('.ts')).map((file) => `src/${file}`)
}

describe('the documentation', () => {
  it.each(generateDocs())(
    'matches the code: $path (`npm run docs` updates it)',
    ({ path, content }) => {
      expect(readDoc(path)).toBe(content)
    },
  )

  it('has a README of one page', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(180)
  })

  it('lists every setting', () => {
    const rows = readDoc('docs/reference/settings.md').match(/^\| `([A-Z_]+)`/gm) ?? []
    expect(rows.map((row) => row.slice(3, -1))).toEqual(Object.keys(settings))
  })

  it('lists every event that the source logs, and no other', () => {
    // An event of the audit names its actor as well.
    const written = sourceFiles().flatMap((file) => {
      const text = readDoc(file)
      return Array.from(
        text.matchAll(
          /(?:event: |#say\(|#report\(\s*|\.log\(\s*)'(\w+)'(?!, actor)|event: error\.(reason)/g,
        ),
        ([, name, reason]) => name ?? (reason && 'refresh_token_reused'),
      )
    })
    expect([...new Set(written)].sort()).toEqual(Object.keys(logEvents).sort())
  })

  it('names only existing scripts and tasks', () => {
    const { scripts } = JSON.parse(readDoc('package.json'))
    const { tasks } = JSON.parse(readDoc('deno.json'))
    // CHANGELOG.md describes earlier versions, whose scripts may be gone.
    const texts = markdownFiles(root)
      .filter((file) => !file.endsWith('CHANGELOG.md'))
      .map((file) => readFileSync(file, 'utf8'))
    const named = (pattern: RegExp) =>
      texts.flatMap((text) => Array.from(text.matchAll(pattern), ([, name]) => name ?? ''))
    const [npm, deno] = [named(/npm run (?:-s )?([\w:]+)/g), named(/deno task (\w+)/g)]
    expect(npm.length).toBeGreaterThan(50)
    expect(npm.filter((name) => !(name in scripts))).toEqual([])
    expect(deno.filter((name) => !(name in tasks))).toEqual([])
  })

  it('links only to existing files and headings', () => {
    expect(countLinks(root)).toBeGreaterThan(150)
    expect(brokenLinks(root)).toEqual([])
  })

  it('names only existing files in the architecture', () => {
    const text = readDoc('docs/explain/architecture.md')
    const named = Array.from(text.matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g), ([, path]) => path)
    expect(named.length).toBeGreaterThan(30)
    for (const path of named) {
      const file = /^(test|scripts)\//.test(path ?? '') ? (path ?? '') : `src/${path}`
      expect(() => readDoc(file).length, path).not.toThrow(/ENOENT/)
    }
  })

  it('has one version', () => {
    expect(JSON.parse(readDoc('package.json')).version).toBe(version)
    expect(readDoc('CHANGELOG.md')).toContain(`## ${version}`)
  })
})
