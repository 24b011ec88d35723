// docs/reference/settings.md, from the table of settings.

import type { Setting } from '../../src/service/config/setting-forms.ts'
import { type SettingName, settings } from '../../src/service/config/settings.ts'
import { renderTable } from './markdown.ts'
import { settingMeanings } from './setting-meanings.ts'

/** docs/reference/settings.md */
export function renderSettings(): string {
  const rows = Object.entries(settingMeanings).map(([name, { meaning, unit }]) => {
    const setting: Setting<unknown> = settings[name as SettingName]
    return [`\`${name}\``, meaning, unit, setting.default, setting.bounds]
  })
  return `# Settings

*Generated from \`src/service/config/settings.ts\` and \`scripts/docs/setting-meanings.ts\` by \`npm run docs\`.*

On Workers, settings are variables and secrets: \`[vars]\` of \`wrangler.toml\`, and \`wrangler secret put\`. On Deno they are environment variables. \`HOST\`, \`PORT\` and \`SHUTDOWN_SECONDS\` are for Deno alone ([deploy to Deno](../guides/deploy-deno.md)).

- Spaces and line ends around a value do not count.
- A service whose settings are wrong answers 500 \`misconfigured\` to everything, and its log names all problems together. On Deno it does not start, and prints them.
- Required are \`ISSUER\`, \`TURSO_DATABASE_URL\` and \`SECRET_KEY\`. \`SIGNING_KEYS\` are needed for guards in other Workers.

${renderTable(['name', 'meaning', 'unit', 'default', 'bounds'], rows)}
`
}
