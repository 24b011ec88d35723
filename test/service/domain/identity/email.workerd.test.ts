import { describe, expect, it } from 'vitest'
import { emailSpellings, parseEmail } from '../../../../src/service/domain/identity/email.ts'
import { badEmails, dotlessEmails, goodEmails } from '../../../support/emails.ts'

describe('an email of a new account', () => {
  it.each(Object.entries(goodEmails))('may be %j, compared as %j', (typed, normalized) => {
    for (const domains of ['public', 'any'] as const) {
      expect(parseEmail(typed, domains)?.emailNormalized).toBe(normalized)
    }
  })

  it.each(badEmails)('must not be %j', (typed) => {
    expect(parseEmail(typed, 'public')).toBeUndefined()
    expect(parseEmail(typed, 'any')).toBeUndefined()
  })

  it.each(Object.entries(dotlessEmails))(
    'may be %j only with any domain allowed',
    (typed, normalized) => {
      expect(parseEmail(typed, 'public')).toBeUndefined()
      expect(parseEmail(typed, 'any')?.emailNormalized).toBe(normalized)
    },
  )

  it('is kept as typed, in NFC and without the characters that a paste adds', () => {
    expect(parseEmail(' \u200bDo\u0308rte@MÜNCHEN.de\u00ad ', 'public')?.email).toBe(
      'Dörte@MÜNCHEN.de',
    )
  })
})

describe('the lookup of an email', () => {
  it.each([
    ['Ada@example.com', ['ada@example.com']],
    ['Ada@MÜNCHEN.de', ['ada@münchen.de', 'ada@xn--mnchen-3ya.de']],
    ['Ada@XN--mnchen-3ya.de', ['ada@xn--mnchen-3ya.de', 'ada@münchen.de']],
    ['ada@ｍünchen.de', ['ada@ｍünchen.de', 'ada@xn--mnchen-3ya.de', 'ada@münchen.de']],
    ['ada@пример.xn--p1ai', ['ada@пример.xn--p1ai', 'ada@xn--e1afmkfd.xn--p1ai', 'ada@пример.рф']],
    ['ada@example.com\u200b', ['ada@example.com\u200b', 'ada@example.com']],
    ['ada@localhost', ['ada@localhost']],
    // A form that only earlier accounts have.
    [' "Ada"@example.com.', ['"ada"@example.com.']],
    ['ad\u202eA@example.com', ['ad\u202ea@example.com']],
    ['\ud800@example.com', ['']],
  ])('finds %j as %j', (typed, spellings) => {
    expect(emailSpellings(typed)).toEqual(spellings)
  })

  it('is quick, however long the email is', () => {
    expect(emailSpellings(`a${' '.repeat(16_000)}b`)).toHaveLength(1)
  })
})
