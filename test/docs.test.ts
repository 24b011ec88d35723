import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateDocs, readDoc } from '../scripts/generated-docs.ts'
import { settings } from '../src/service/config/settings.ts'
import { version } from '../src/service/config/version.ts'

const readme = readDoc('README.md')

describe('the documentation', () => {
  it.each(generateDocs())(
    'is as the code is: $path (`npm run docs` mends it)',
    ({ path, content }) => {
      expect(readDoc(path)).toBe(content)
    },
  )

  it('has every setting in the README', () => {
    const rows = readme.split('<!-- settings -->')[1]?.match(/^\| `([A-Z_]+)`/gm) ?? []
    expect(rows.map((row) => row.slice(3, -1))).toEqual(Object.keys(settings))
  })

  it('names only scripts and tasks that there are', () => {
    const { scripts } = JSON.parse(readDoc('package.json'))
    const { tasks } = JSON.parse(readDoc('deno.json'))
    const npm = Array.from(readme.matchAll(/npm run ([\w:]+)/g), ([, name]) => name ?? '')
    const deno = Array.from(readme.matchAll(/deno task (\w+)/g), ([, name]) => name ?? '')
    expect(npm.filter((name) => !(name in scripts))).toEqual([])
    expect(deno.filter((name) => !(name in tasks))).toEqual([])
  })

  it('links only to files that there are', () => {
    for (const [, path] of readme.matchAll(/\]\(([\w./-]+)\)/g)) {
      expect(() => readFileSync(new URL(`../${path}`, import.meta.url)).length, path).not.toThrow(
        /ENOENT/,
      )
    }
  })

  it('names in the architecture only files that there are', () => {
    const [walked = '', after = ''] = readDoc('docs/architecture.md').split('## Before and after')
    const text = walked + after.slice(after.indexOf('\n## '))
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
