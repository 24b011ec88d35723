// docs/reference/guard-api.md and server-api.md, from the docstrings and types of the published
// entries, as `deno doc` finds them.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderTable } from './markdown.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One published entry: its name for importers, and its file. */
export interface Entry {
  readonly name: string
  readonly file: string
  readonly about: string
}

interface JsDoc {
  readonly doc?: string
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[]
}

interface Place {
  readonly filename: string
  readonly line: number
}

interface Member {
  readonly name: string
  readonly location: Place
  readonly jsDoc?: JsDoc
}

interface Declaration {
  readonly kind: string
  readonly location: Place
  readonly jsDoc?: JsDoc
  readonly def?: {
    readonly properties?: readonly Member[]
    readonly methods?: readonly Member[]
    readonly extends?: readonly { readonly repr: string }[]
  }
}

interface Published {
  readonly name: string
  readonly declaration: Declaration
}

/** A page with all exports of the entries. */
export function renderTypeReference(
  title: string,
  about: string,
  entries: readonly Entry[],
): string {
  const parts = entries.map((entry) => renderEntry(entry))
  return `# ${title}

*Generated from the types by \`npm run docs\`.*

${about}

${parts.join('\n\n')}
`
}

function renderEntry({ name, file, about }: Entry): string {
  const all = publishedBy(file)
  const functions = all.filter(
    ({ declaration }) => declaration.kind !== 'interface' && declaration.kind !== 'typeAlias',
  )
  const types = all.filter((published) => !functions.includes(published))
  const rows = all.map((published) => [
    `[\`${published.name}\`](#${published.name.toLowerCase()})`,
    summaryOf(published),
  ])
  return [
    `## \`${name}\``,
    about,
    renderTable(['name', 'what it is'], rows),
    ...[...functions, ...types].map(renderPublished),
  ].join('\n\n')
}

function publishedBy(file: string): Published[] {
  const text = execFileSync(join(root, 'node_modules/.bin/deno'), ['doc', '--json', file], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
  })
  const { nodes } = JSON.parse(text) as {
    nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>
  }
  return Object.values(nodes)
    .flatMap(({ symbols }) => symbols)
    .flatMap(({ name, declarations: [declaration] }) =>
      declaration ? [{ name, declaration }] : [],
    )
}

/** The first sentence of the docstring. */
function summaryOf({ declaration }: Published): string {
  const [first = ''] = textOf(declaration.jsDoc).split(/(?<=[.!?])\s+(?=[A-Z`])/)
  return inCell(first)
}

function renderPublished({ name, declaration }: Published): string {
  const { jsDoc, def } = declaration
  const members = [...(def?.properties ?? []), ...(def?.methods ?? [])]
  const isTabular = declaration.kind === 'interface'
  return [
    `### ${name}`,
    textOf(jsDoc),
    ...(def?.extends ?? []).map(({ repr }) => `Has the members of \`${repr}\`, too.`),
    isTabular ? renderMembers(members) : `\`\`\`ts\n${signatureOf(declaration)}\n\`\`\``,
    ...tagsOf(jsDoc, 'throws').map((text) => `**Throws** ${text}`),
    ...tagsOf(jsDoc, 'example'),
    ...tagsOf(jsDoc, 'see').map((text) => `See ${text}.`),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function renderMembers(members: readonly Member[]): string {
  const rows = members
    .toSorted((one, other) => one.location.line - other.location.line)
    .map((member) => [`\`${member.name}\``, typeOf(member), inCell(textOf(member.jsDoc))])
  return rows.length > 0 ? renderTable(['member', 'type', 'meaning'], rows) : ''
}

/** The member's source, up to the next member. That one begins with its docstring. */
function typeOf({ name, location }: Member): string {
  const lines = linesFrom(location)
  const end = lines.findIndex((line) => /^( {2}\/\*\*|\})/.test(line))
  const text = lines.slice(0, end).join(' ').replaceAll(/\s+/g, ' ').trim()
  const type = text.replace(/^readonly /, '').slice(name.length)
  const isOptional = type.startsWith('?')
  const shown = type.replace(/^\??:\s*(\|\s*)?/, '')
  return `\`${shown.replaceAll('|', '\\|')}\`${isOptional ? ', optional' : ''}`
}

/** A function without its body, or a whole type. */
function signatureOf(declaration: Declaration): string {
  const lines = linesFrom(declaration.location)
  if (declaration.kind === 'function') {
    const end = lines.findIndex((line) => line.endsWith(' {'))
    const shown = lines.slice(0, end + 1).filter((line) => !/biome-ignore|\.\.\.others/.test(line))
    return shown
      .join('\n')
      .replace(/^export (async )?/, '')
      .replace(/ \{$/, '')
  }
  const end = lines.indexOf('')
  return lines
    .slice(0, end)
    .join('\n')
    .replace(/^export /, '')
}

function linesFrom({ filename, line }: Place): string[] {
  return readFileSync(new URL(filename), 'utf8').split('\n').slice(line)
}

function textOf(jsDoc: JsDoc | undefined): string {
  return (jsDoc?.doc ?? '').trim().replaceAll(/(\S)\n(?=\S)(?![-*|] )/g, '$1 ')
}

function tagsOf(jsDoc: JsDoc | undefined, kind: string): string[] {
  const tags = jsDoc?.tags?.filter((tag) => tag.kind === kind) ?? []
  return tags.map(({ doc = '' }) =>
    kind === 'example' ? doc.trim() : doc.trim().replaceAll('\n', ' '),
  )
}

function inCell(text: string): string {
  return text.replaceAll(/\n+/g, '<br>').replaceAll('|', '\\|')
}
