// npm run bench: measures what Portcullis costs and how soon it revokes. All parts run on workerd,
// served directly, over a real sqld. The machine decides the absolute figures; look at the ratios.
// `npm run bench -- flat quiet` runs these parts alone. The output is Markdown.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureAbuse } from './parts/abuse.ts'
import { measureAlternatives } from './parts/alternatives.ts'
import { measureCodeTime } from './parts/code-time.ts'
import { measureFeedRows } from './parts/feed-rows.ts'
import { measureFlat } from './parts/flat.ts'
import { measureFollowers } from './parts/followers.ts'
import { measureFreshTokens } from './parts/fresh-tokens.ts'
import { measureGuards } from './parts/guards.ts'
import { measureLoginCrowds } from './parts/login-crowds.ts'
import { measureLoginTime } from './parts/login-time.ts'
import { simulateQuietIsolates } from './parts/quiet-isolates.ts'
import { measureService } from './parts/service-load.ts'
import { measureSessionCounts } from './parts/session-count.ts'
import { measureStaleness } from './parts/staleness.ts'
import { measureStartUp } from './parts/start-up.ts'

interface Part {
  readonly title: string
  /** @param directory for bundles and other files */
  readonly run: (directory: string) => Promise<string>
}

/** The default bound of a guard. */
const boundSeconds = 10

const parts: Readonly<Record<string, Part>> = {
  guards: { title: 'A guarded request, warm', run: measureGuards },
  fresh: { title: 'A guarded request with a token that is new', run: measureFreshTokens },
  flat: { title: 'However many are revoked', run: measureFlat },
  alternatives: {
    title: 'What people would write instead',
    run: (directory) => measureAlternatives(directory, boundSeconds),
  },
  quiet: { title: 'Quiet isolates', run: simulateQuietIsolates },
  staleness: { title: 'How long a revoked token is accepted', run: measureStaleness },
  followers: { title: 'Clients that follow one isolate', run: measureFollowers },
  rows: { title: 'How many rows the feed has', run: measureFeedRows },
  service: { title: 'The service', run: measureService },
  'start-up': { title: 'The start of the Worker', run: measureStartUp },
  logins: { title: 'Logins of strangers', run: measureLoginCrowds },
  'login-time': { title: 'What the time of a login tells', run: measureLoginTime },
  'code-time': { title: 'What the time of an answer tells about an email', run: measureCodeTime },
  abuse: { title: 'What the limits do, and what they cost', run: measureAbuse },
  sessions: { title: 'However many sessions there are', run: measureSessionCounts },
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}: choose from ${Object.keys(parts).join(', ')}.`)
  process.exit(1)
}

const directory = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
try {
  for (const [name, { title, run }] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    console.error(`Measuring: ${title}. This takes minutes.`)
    console.log(`## ${title}\n\n${await run(directory)}\n`)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
