import { describe, expect, it } from 'vitest'
import { renderTable } from '../../src/cli/report.ts'

describe('a table', () => {
  it('has columns of one width each', () => {
    expect(
      renderTable([
        ['id', 'name'],
        ['1000', 'x'],
      ]),
    ).toBe('id    name\n1000  x')
  })

  it('shows characters that move the cursor, or the text, as question marks', () => {
    const cell = 'a\u001b[2K\rb\nc\u202ed\u0007\u009b'
    expect(
      renderTable([
        ['id', 'target'],
        ['1', cell],
      ]),
    ).toBe('id  target\n1   a?[2K?b?c?d??')
  })
})
