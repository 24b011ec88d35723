import { describe, expect, it } from 'vitest'
import { SeenEmails } from '../../src/cli/seen-emails.ts'

describe('the emails that an import has seen', () => {
  it('are told from others, also after the set has grown', () => {
    const seen = new SeenEmails()
    const emails = Array.from({ length: 50_000 }, (_, number) => `user-${number}@example.com`)
    expect(emails.filter((email) => seen.add(email))).toEqual([])
    expect(emails.filter((email) => !seen.add(email))).toEqual([])
    expect(seen.add('another@example.com')).toBe(false)
  })
})
