import { describe, expect, it } from 'vitest'
import { parseDenoVariables } from '../../../src/service/config/deno-variables.ts'

describe('the variables of the process on Deno', () => {
  it('have defaults, and an empty one counts as not set', () => {
    const value = { hostname: '127.0.0.1', port: 8_787, shutdownSeconds: 10 }
    expect(parseDenoVariables({})).toEqual({ ok: true, value })
    expect(parseDenoVariables({ HOST: '', PORT: '', SHUTDOWN_SECONDS: '' })).toEqual({
      ok: true,
      value,
    })
  })

  it.each([
    [{ HOST: '::', PORT: '1', SHUTDOWN_SECONDS: '0' }, ['::', 1, 0]],
    [{ HOST: ' ::1\n', PORT: '8787\r\n', SHUTDOWN_SECONDS: ' 10' }, ['::1', 8_787, 10]],
    [{ HOST: 'localhost', PORT: '65535', SHUTDOWN_SECONDS: '300' }, ['localhost', 65_535, 300]],
  ])('are read without the whitespace that a pipe leaves: %j', (variables, expected) => {
    const parsed = parseDenoVariables(variables)
    expect(parsed.ok && Object.values(parsed.value)).toEqual(expected)
  })

  it.each([
    ['HOST', ['a b', 'http://localhost', 'local\nhost']],
    ['PORT', ['0', '65536', '8787.5', '87 87', '0x2253', '8e3', '-1', 'http']],
    ['SHUTDOWN_SECONDS', ['-1', '301', '1.5', '10s', 'Infinity']],
  ])('refuse a bad %s by name', (name, values) => {
    for (const value of values) {
      expect([value, parseDenoVariables({ [name]: value })]).toEqual([
        value,
        { ok: false, error: [expect.stringMatching(new RegExp(`^${name} must be `))] },
      ])
    }
  })

  it('report all problems together', () => {
    const parsed = parseDenoVariables({ HOST: 'a b', PORT: 'x', SHUTDOWN_SECONDS: 'x' })
    expect(parsed.ok || parsed.error).toHaveLength(3)
  })
})
