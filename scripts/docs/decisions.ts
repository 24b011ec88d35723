// docs/decisions/README.md: the list of the decisions.

import { readdirSync } from 'node:fs'
import { readDoc } from './markdown.ts'

const folder = 'docs/decisions'

/** docs/decisions/README.md */
export function renderDecisions(): string {
  const files = readdirSync(new URL(`../../${folder}`, import.meta.url)).filter((name) =>
    /^\d/.test(name),
  )
  const items = files.toSorted().map((file) => {
    const [heading = ''] = readDoc(`${folder}/${file}`).split('\n')
    return `- [${heading.replace(/^# /, '')}](${file})`
  })
  return `# Decisions

*Generated from the files by \`npm run docs\`.*

Why things are as they are: the context, the choice, and what was rejected. One page each.

${items.join('\n')}
`
}
