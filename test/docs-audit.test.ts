// What docs/reference/cli.md says of the JSON of `audit verify` and `audit export`, compared with what
// the code prints.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { readDoc } from '../scripts/docs/markdown.ts'
import { renderExport } from '../src/cli/audit-export.ts'
import { reportVerdict } from '../src/cli/audit-verdict.ts'
import type { ChainPart } from '../src/service/domain/audit/read-chain.ts'
import { type ChainFinding, ChainVerifier } from '../src/service/domain/audit/verify-chain.ts'

const document = readDoc('docs/reference/cli.md')

/** The rows of the table with this head, in the section of a command. */
function rowsOf(command: string, head: string): readonly (readonly [name: string, text: string])[] {
  const [, section = ''] = document.split(`### \`${command}\`\n`)
  const [, table = ''] = section.split(`| ${head} |`)
  const [, rows = ''] = table.split('| --- | --- |\n')
  const [part = ''] = rows.split('\n\n')
  return Array.from(part.matchAll(/^\| `(\w+)` \| (.+) \|$/gm), ([, name = '', text = '']) => [
    name,
    text,
  ])
}

const namesOf = (rows: ReturnType<typeof rowsOf>) => rows.map(([name]) => name)
const quotedIn = (text: string) => Array.from(text.matchAll(/`(\w+)`/g), ([, name]) => name)

afterEach(() => void vi.restoreAllMocks())

describe('the document of the command line', () => {
  it('has every member of the JSON of audit verify', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const verdict = new ChainVerifier([], { number: 1, mac: 'x' }).finish()
    expect(() => reportVerdict(verdict, true)).toThrow('a problem was found')
    const [[printed] = []] = log.mock.calls
    const facts = JSON.parse(String(printed))
    const rows = rowsOf('audit verify', 'member | meaning')
    expect(namesOf(rows)).toEqual(Object.keys(facts))
    const findings = rows.find(([name]) => name === 'findings')?.[1] ?? ''
    expect(quotedIn(findings).sort()).toEqual(Object.keys(facts.findings[0]).sort())
  })

  it('has every problem that a verification finds, and no other', () => {
    const source = readDoc('src/service/domain/audit/verify-chain.ts')
    const [, type = ''] = /^export type ChainProblem =\n(.*?)\n\n/ms.exec(source) ?? []
    const problems = Array.from(type.matchAll(/^ +\| '(\w+)'/gm), ([, name]) => name)
    expect(problems).toContain('events_deleted' satisfies ChainFinding['problem'])
    const rows = rowsOf('audit verify', '`problem` | what is wrong')
    expect(namesOf(rows).sort()).toEqual(problems.sort())
  })

  it('has every member of the lines of audit export', async () => {
    const ids = { userId: 1, sessionId: null, requestId: null, attemptSeq: null, target: null }
    const event = { seq: 1, at: 1, event: 'login', outcome: 'success', actor: 'user', ...ids }
    const range = { number: 1, firstSeq: 1, lastSeq: 1, events: 1 }
    const seal = { ...range, mac: 'x', keyId: 'y', sealedAt: 2 }
    async function* parts(): AsyncGenerator<ChainPart> {
      yield { seal, events: [event] }
    }
    let text = ''
    const tally = { events: 0, seals: 0, head: undefined }
    for await (const chunk of renderExport(parts(), tally)) text += chunk
    const rows = rowsOf('audit export', 'line | members')
    const lines = text.trimEnd().split('\n')
    expect(rows).toHaveLength(lines.length)
    for (const [at, line] of lines.entries()) {
      const [[name, members = {}] = []] = Object.entries<object>(JSON.parse(line))
      const [documented, about = ''] = rows[at] ?? []
      expect(documented).toBe(name)
      const quoted = quotedIn(about).filter((word) => word !== 'null')
      expect(quoted.sort()).toEqual(Object.keys(members).sort())
    }
  })
})
