// The languages of mails, and which of them a reader prefers (RFC 9110 §12.5.4). A language is one
// file of texts, and one line in the table below.

import { de } from './texts/de.ts'
import { en } from './texts/en.ts'
import type { MailTexts } from './texts/text.ts'

/** The sentences of each language. The first language is the default. */
export const mailTexts = {
  en,
  de,
} satisfies Readonly<Record<string, MailTexts>>

/** A language of mails, as its tag of BCP 47. */
export type Language = keyof typeof mailTexts

/** All languages. The first is the default. */
export const languages = Object.keys(mailTexts) as [Language, ...Language[]]

/** No browser sends more. A longer header is not read. */
const maxHeaderCharacters = 1_000
const rangeForm =
  /^(?<tag>[a-z]{1,8}(?:-[a-z\d]{1,8})*|\*)(?:[ \t]*;[ \t]*q=(?<quality>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

interface LanguageRange {
  /** In lower case: `de-at`, or `*`. */
  readonly tag: string
  /** From 0 (never) to 1. */
  readonly quality: number
}

/**
 * The language of a reader, from the header `Accept-Language`. `de-AT` counts as `de`. A language
 * with `q=0` is avoided. Never throws: what is not a language range is left out.
 */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  const ranges = parseRanges(acceptLanguage ?? '')
  const named = new Set(ranges.map(({ tag }) => primaryOf(tag)))
  const refused = new Set(ranges.filter(({ quality }) => quality === 0).map(({ tag }) => tag))
  const accepted = languages.filter((language) => !refused.has(language))
  const wanted = ranges
    .filter(({ quality }) => quality > 0)
    .sort((one, other) => other.quality - one.quality)
    .map(({ tag }) =>
      accepted.find((language) =>
        tag === '*' ? !named.has(language) : primaryOf(tag) === language,
      ),
    )
  return wanted.find((language) => language !== undefined) ?? accepted[0] ?? languages[0]
}

function parseRanges(header: string): readonly LanguageRange[] {
  if (header.length > maxHeaderCharacters) return []
  return header.split(',').flatMap((part) => {
    const { tag, quality = '1' } = rangeForm.exec(part.trim())?.groups ?? {}
    return tag ? [{ tag: tag.toLowerCase(), quality: Number(quality) }] : []
  })
}

function primaryOf(tag: string): string {
  return tag.split('-', 1)[0] ?? ''
}
