// Building blocks of the generated documents.

import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** A file of the repository, as it is. */
export function readDoc(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

export function renderTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const rule = heads.map(() => '---')
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The text with `part` between the markers of that name. */
export function withPart(text: string, name: string, part: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [before] = text.split(start)
  const [, after] = text.split(end)
  if (before === text || after === undefined) throw new Error(`A document has lost its ${name}`)
  return `${before}${start}\n${part}\n${end}${after}`
}

/** The text between the markers of that name. */
export function partOf(text: string, name: string): string {
  const [, rest = ''] = text.split(`<!-- ${name} -->\n`)
  const [part] = rest.split(`\n<!-- /${name} -->`)
  if (!part || part === rest) throw new Error(`A document has lost its ${name}`)
  return part
}
