import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { languages, preferredLanguage } from '../../../src/service/mail/languages.ts'

describe('the language of a reader', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['DE', 'de'],
    ['en', 'en'],
    ['de-AT', 'de'],
    ['de-DE-1996', 'de'],
    ['de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7', 'de'],
    ['en-US,en;q=0.9,de;q=0.8', 'en'],
    ['fr-CH, fr;q=0.9, de;q=0.8, en;q=0.7, *;q=0.5', 'de'],
    ['en;q=0.2, de;q=0.3', 'de'],
    ['en;q=0.3, de;q=0.3', 'en'],
    ['de;q=0.3, en;q=0.3', 'de'],
    ['de ; Q=1.000 , en\t;\tq=0.999', 'de'],
    // Of what a reader named first, German is the nearest.
    ['de-AT, en;q=0.9, de;q=0.8', 'de'],
    ['fr', 'en'],
    ['dex', 'en'],
    ['x-de', 'en'],
    ['den, nde', 'en'],
  ])('of %j is %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language)
  })

  it.each([
    ['de;q=0', 'en'],
    ['de;q=0.000, en;q=0.1', 'en'],
    ['de-AT, de;q=0', 'en'],
    ['en;q=0', 'de'],
    ['en;q=0, *', 'de'],
    ['en;q=0, de;q=0', 'en'],
    ['de, *;q=0', 'de'],
    ['*;q=0', 'en'],
    ['de-CH;q=0, de;q=0.5', 'de'],
  ])('is not what is refused: %j gives %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language)
  })

  it.each([
    ['*', 'en'],
    // A language that is named has the quality that it is named with.
    ['en;q=0.1, *;q=0.5', 'de'],
    ['en-GB;q=0.1, *;q=0.5', 'de'],
    ['de;q=0.1, *', 'en'],
    ['fr, *;q=0.1', 'en'],
  ])('is any other for a star: %j gives %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language)
  })

  it.each([
    ['de;q=2, en'],
    ['de;q=-1, en'],
    ['de;q=0.1234, en;q=0.1'],
    ['de;q=, en'],
    ['de;level=1, en'],
    ['de_AT, en'],
    ['d e, en'],
    ['constructor, __proto__'],
    ['\u0000de, \ud800'],
    [',,,;;;==='],
  ])('leaves out what is no language range: %j', (header) => {
    expect(preferredLanguage(header)).toBe('en')
  })

  it('reads 1,000 characters, and nothing of a longer header', () => {
    expect(preferredLanguage(`de${','.repeat(998)}`)).toBe('de')
    expect(preferredLanguage(`de${','.repeat(999)}`)).toBe('en')
  })

  it('is always one that there is', () => {
    const element = fc.oneof(
      fc.string(),
      fc.constantFrom('de', 'en', '*', 'de-AT', 'fr', 'de;q=0', 'en;q=0', '*;q=0', ';q=0.5'),
    )
    const header = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.array(element).map((parts) => parts.join(',')),
    )
    fc.assert(
      fc.property(header, (text) => languages.includes(preferredLanguage(text))),
      { numRuns: 2_000 },
    )
  })
})
