import { describe, expect, it } from 'vitest'
import { createLineFilter } from '../../scripts/dev/output.ts'

function filter(secrets: string[], ...texts: string[]): string {
  let shown = ''
  const lines = createLineFilter(secrets, (line) => {
    shown += line
  })
  for (const text of texts) lines.take(text)
  lines.flush()
  return shown
}

describe('the output of a child', () => {
  it('is shown without the secrets, also where one arrives in two pieces', () => {
    expect(filter(['s3cret', 't0ken'], 'a s3cret\nb s3c', 'ret t0ken')).toBe(
      'a (hidden)\nb (hidden) (hidden)\n',
    )
  })

  it("is shown without wrangler's access log, which repeats the service's log", () => {
    const line = '{"event":"request","status":200}\n'
    const access = '[wrangler:info] GET /auth/status?x=1 200 OK (13ms)\n'
    const other = '[wrangler:info] Ready on http://127.0.0.1:8787\n'
    expect(filter([], line, access, other)).toBe(line + other)
  })
})
