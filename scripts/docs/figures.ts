// Tables for other documents from docs/explain/performance.md, which holds the bench's output.

import { renderTable } from './markdown.ts'

/** Row of the bench → what the README calls it. */
const chosen: Readonly<Record<string, string>> = {
  requireAccessToken: 'this guard',
  'requireAccessToken, strict': "this guard, `'strict'`",
  'jose, remote key set': 'jose, with a key set',
  'Better Auth, session in the database': 'Better Auth, session in the database',
}

/** The README's table of four rows. */
export function renderFigures(performance: string): string {
  const [, compared = ''] = performance.split('## What people would write instead')
  const rows = Object.entries(chosen).map(([name, shown]) => {
    const row = compared.split('\n').find((line) => line.startsWith(`| ${name} |`))
    if (!row) throw new Error(`docs/explain/performance.md has no row ${name}`)
    const [, , , revokedLives = '', roundTrips = '', , ofUnguarded = '', , , , far = ''] = row
      .split('|')
      .map((cell) => cell.trim())
    const [p50Ms = ''] = far.split(' / ')
    return [shown, revokedLives, String(Number(roundTrips)), ofUnguarded, `${p50Ms} ms`]
  })
  const heads = [
    'guard',
    'a logged-out token lives',
    'round trips to the service or database',
    'requests/s, compared with no guard; database 0 ms away',
    'p50, database 30 ms away',
  ]
  return renderTable(heads, rows)
}
