// The links of Markdown files to each other: whether the file and the heading exist.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

/** Every Markdown file below the folder, except those of packages and of generated folders. */
export function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      return /^(node_modules|dist|\..*)$/.test(entry.name) ? [] : markdownFiles(path)
    }
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** `file: link` of each broken link. Links to other sites are not followed. */
export function brokenLinks(root: string): string[] {
  return markdownFiles(root).flatMap((file) =>
    linksOf(readFileSync(file, 'utf8'))
      .filter((link) => !leadsSomewhere(root, file, link))
      .map((link) => `${relative(root, file)}: ${link}`),
  )
}

/** The number of links below the folder. */
export function countLinks(root: string): number {
  return markdownFiles(root).flatMap((file) => linksOf(readFileSync(file, 'utf8'))).length
}

function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '`')
  const links = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
  return links.filter((link) => !/^\w+:/.test(link))
}

function leadsSomewhere(root: string, from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? from : normalize(join(dirname(from), path))
  if (relative(root, file).startsWith('..') || !existsSync(file)) return false
  if (anchor === undefined) return true
  return statSync(file).isFile() && anchorsOf(readFileSync(file, 'utf8')).has(anchor)
}

/** The anchors of the headings, in the format of GitHub and others. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}
