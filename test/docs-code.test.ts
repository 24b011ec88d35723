// The TypeScript of the documents and the docstrings, type-checked as in a user's Worker. It
// imports the package by its name, and uses the `Env` of `wrangler types`.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { markdownFiles } from './support/links.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Inside the repository, where the package resolves by its own name.
mkdirSync(join(root, '.portcullis'), { recursive: true })
const directory = mkdtempSync(join(root, '.portcullis/docs-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const environment = `
interface Env { readonly AUTH: Fetcher; readonly SECRET_KEY: string; readonly PREVIOUS_SECRET_KEY?: string }
`
/** How an example begins that runs in a browser. */
const inBrowser = '// In the browser.'
/** What an example leaves out because the text before it has it. */
const imports = `
import { Hono } from 'hono'
import { createVerifier, refusalResponse, requireAccessToken } from 'portcullis'
export { Hono, createVerifier, refusalResponse, requireAccessToken }
`

function sourceFiles(): string[] {
  const all = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return all.filter((file) => file.endsWith('.ts')).map((file) => `src/${file}`)
}

/** The reference is generated from the docstrings, and also shows signatures. */
const documents = markdownFiles(root)
  .map((file) => relative(root, file))
  .filter((file) => !file.startsWith('docs/reference/'))
const blocks = [...documents, ...sourceFiles()].flatMap((file) => {
  const source = readFileSync(join(root, file), 'utf8')
  const text = file.endsWith('.ts') ? source.replaceAll(/^ +\* ?/gm, '') : source
  const found = Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code)
  return found.map((code, index) => ({ name: `${file}, example ${index + 1}`, code }))
})

const entries = [
  ...['index', 'server', 'database', 'database-embedded', 'testing', 'argon2', 'mail-smtp'],
]

/** The exports of an entry, by the file that they come from. */
function exportsOf(entry: string): { names: string; file: string }[] {
  const text = readFileSync(join(root, `src/${entry}.ts`), 'utf8')
  const exports = text.matchAll(/^export (?:type )?\{([^}]*)\} from '\.\/([^']+)'/gms)
  return Array.from(exports, ([, names = '', file = '']) => ({ names, file }))
}

/** The functions that the published entries export, each with its docstring. */
const faceFunctions = entries.flatMap((entry) => {
  return exportsOf(entry).flatMap(({ names, file }) => {
    const source = readFileSync(join(root, 'src', file), 'utf8')
    const documented = /(\/\*\*(?:(?!\*\/).)*\*\/)?\s*export (?:async )?function (\w+)/gs
    const functions = Array.from(source.matchAll(documented), ([, docs = '', name = '']) => ({
      name,
      docs,
    }))
    return functions.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(names))
  })
})

describe('the published functions', () => {
  it('have an example each', () => {
    expect(faceFunctions.length).toBeGreaterThan(10)
    const without = faceFunctions.filter(({ docs }) => !docs.includes('```ts'))
    expect(without.map(({ name }) => name)).toEqual([])
  })
})

/** `Type.member` of every published interface, and whether it has a docstring. */
const members = entries.flatMap((entry) =>
  exportsOf(entry).flatMap(({ names, file }) => {
    const source = readFileSync(join(root, 'src', file), 'utf8')
    const interfaces = source.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)
    return Array.from(interfaces)
      .filter(([, name]) => new RegExp(`\\b${name}\\b`).test(names))
      .flatMap(([, name, body = '']) =>
        Array.from(body.matchAll(/^(.*)\n?^ {2}(?:readonly )?(\w+)\??[:(<]/gm)).map(
          ([, before = '', member]) => ({
            member: `${name}.${member}`,
            isDocumented: before.trim().endsWith('*/'),
          }),
        ),
      )
  }),
)

describe('the members of the published types', () => {
  it('have a docstring each', () => {
    expect(members.length).toBeGreaterThan(100)
    const without = members.filter(({ isDocumented }) => !isDocumented)
    expect(without.map(({ member }) => member)).toEqual([])
  })
})

describe('the code in the documentation', () => {
  it('exists', () => {
    expect(blocks.length).toBeGreaterThan(30)
  })

  it.each([
    { where: 'in a Worker', types: ['@cloudflare/workers-types'], lib: undefined },
    { where: 'in a browser', types: [], lib: ['esnext', 'dom', 'dom.iterable'] },
  ])('type-checks $where', ({ where, types, lib }) => {
    const isForBrowsers = where === 'in a browser'
    const chosen = blocks.filter(({ code }) => code.startsWith(inBrowser) === isForBrowsers)
    expect(chosen.length).toBeGreaterThan(0)
    expect(typeErrors(chosen, { types, ...(lib && { lib }) })).toBe('')
  })
})

/** What the compiler says about these blocks, with the names of their documents. */
function typeErrors(chosen: typeof blocks, compilerOptions: object): string {
  const folder = mkdtempSync(join(directory, 'blocks-'))
  for (const [index, { code }] of chosen.entries()) {
    const isWhole = code.includes('import ') || code.startsWith(inBrowser)
    writeFileSync(join(folder, `example-${index}.ts`), isWhole ? code : `${imports}${code}`)
  }
  const isInBrowser = chosen.some(({ code }) => code.startsWith(inBrowser))
  if (!isInBrowser) writeFileSync(join(folder, 'env.d.ts'), environment)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['.'] }),
  )
  const check = () =>
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  const errors = runOrSay(check)
  return errors && `${errors}\n${chosen.map(({ name }, index) => `${index}: ${name}`).join('\n')}`
}

function runOrSay(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
