// npm run docs: writes the generated parts of the documentation.

import { writeFileSync } from 'node:fs'
import { generateDocs } from './docs/generated-docs.ts'

for (const { path, content } of generateDocs()) {
  writeFileSync(new URL(`../${path}`, import.meta.url), content)
  console.log(`Wrote ${path}.`)
}
