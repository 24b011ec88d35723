import { describe, expect, it } from 'vitest'
import { composeMail, type MailStyle } from '../../../src/service/mail/compose-mail.ts'
import { languages } from '../../../src/service/mail/languages.ts'
import type { CodeMail, MailContent } from '../../../src/service/mail/mail-content.ts'
import { en } from '../../../src/service/mail/texts/en.ts'
import type { MailTexts } from '../../../src/service/mail/texts/text.ts'
import { mailContents, mailLink } from '../../support/mails.ts'

const every = mailContents.flatMap(([name, content]) =>
  languages.map((language) => ({ name, content, language })),
)
const english: MailStyle = { serviceName: 'Example', language: 'en' }
const german: MailStyle = { serviceName: 'Example', language: 'de' }
const hostile = `"><script>alert('1')</script>&amp;`
const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;'

function signIn(changes: Partial<CodeMail> = {}): CodeMail {
  const lifetimes = { codeMinutes: 10, linkMinutes: 60 }
  return { kind: 'sign_in', code: 'K7QMW2XR', link: mailLink, ...lifetimes, ...changes }
}

function passwordChanged(at: number, device?: string): MailContent {
  return { kind: 'password_changed', at, device }
}

/** The paragraphs of a page, as a reader sees them. */
function readHtml(html: string): string {
  const entities: Record<string, string> = { quot: '"', '#39': "'", amp: '&', lt: '<', gt: '>' }
  return html
    .replace(/^.*<h1[^>]*>/s, '')
    .replace(/<a\b.*?<\/a>/g, '')
    .replace(/<\/(?:h1|p)>|<br>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(quot|#39|amp|lt|gt);/g, (_, name: string) => entities[name] ?? '')
    .replace(/\n+/g, '\n')
}

describe.each(every)('the mail $name ($language)', ({ content, language }) => {
  const style = { serviceName: 'Example', language }
  const { subject, text, html } = composeMail(content, style)

  it('has the code and the link in both parts, on lines of their own', () => {
    const { code } = 'code' in content ? content : {}
    const { link } = 'link' in content ? content : {}
    expect(text.split('\n').includes('K7QM-W2XR')).toBe(code !== undefined)
    expect(html.includes('>K7QM-W2XR<')).toBe(code !== undefined)
    expect(text.split('\n').includes(mailLink)).toBe(link !== undefined)
    expect(html.includes(`href="${mailLink.replace('&', '&amp;')}"`)).toBe(link !== undefined)
    expect(html.includes(`<br>${mailLink.replace('&', '&amp;')}<`)).toBe(link !== undefined)
  })

  it('says the same in both parts', () => {
    const read = readHtml(html).trim().split('\n')
    expect(read).toEqual([subject, ...text.trim().split('\n\n')])
  })

  it('says "log in", as the pages and the documents do', () => {
    expect(`${subject} ${text}`).not.toMatch(/\bsign(ed|ing|s)?[ -]in\b|\beinlogg/i)
  })

  it('is the same each time', () => {
    expect(composeMail(structuredClone(content), { ...style })).toEqual({ subject, text, html })
  })

  it('names its language and the service, and closes with the name', () => {
    expect(html).toMatch(new RegExp(`^<!doctype html>\n<html lang="${language}">`))
    expect(html).toContain(`<div role="main" lang="${language}">`)
    expect(subject).toContain('Example')
    expect(text).toMatch(/\n\nExample\n$/)
  })

  it('has no gaps, and no link but the given one', () => {
    const all = [subject, text, html].join('\n')
    expect(all).not.toMatch(/undefined|null|NaN|\[object|\$\{/)
    expect(all.replaceAll(mailLink, '').replaceAll(mailLink.replace('&', '&amp;'), '')).not.toMatch(
      /https?:|\/\/|www\.|mailto:|cid:|data:/i,
    )
    expect(html).not.toMatch(
      /<(?:img|script|link|form|iframe|svg|base)|src=|url\(|@import|\son\w+=/i,
    )
  })

  it('has tables for layout only', () => {
    expect(html.match(/<table\b/g)?.length).toBe(html.match(/<table role="presentation"/g)?.length)
  })

  it('escapes a hostile name, device and link', () => {
    const attack = {
      ...content,
      ...('link' in content && { link: content.link && content.link + hostile }),
      ...('at' in content && { device: content.device && hostile }),
    } as MailContent
    const attacked = composeMail(attack, { language, serviceName: hostile })
    expect(attacked.html).toContain(escaped)
    expect(attacked.html.match(/<[^ >]*/g)).toEqual(html.match(/<[^ >]*/g))
    expect(attacked.html).not.toMatch(/"[^ >/]*>alert/)
    expect(attacked.text).toContain(hostile)
  })
})

describe('the words of a mail', () => {
  it('are, in English', () => {
    expect(
      composeMail(signIn(), english).text,
    ).toBe(`Somebody wanted to log in to Example with this email address.

If it was you, log in with this code:

K7QM-W2XR

The code is good for 10 minutes. Do not give it to anybody.

Or open this address in your browser:

${mailLink}

The link is good for 1 hour.

If it was not you, ignore this mail. Nobody gets in without the code.

Example
`)
  })

  it('are, in German', () => {
    const { subject, text } = composeMail(passwordChanged(0, 'Chrome on Android'), german)
    expect(subject).toBe('Ihr Passwort für Example wurde geändert')
    expect(text).toContain('\n\nWann: 1. Januar 1970, 00:00 Uhr (UTC)\n\n')
    expect(text).toContain('\n\nGerät: Chrome unter Android\n\n')
  })

  it.each([
    [0, '1 minute', '1 Minute'],
    [1, '1 minute', '1 Minute'],
    [1.9, '1 minute', '1 Minute'],
    [2, '2 minutes', '2 Minuten'],
    [59.99, '59 minutes', '59 Minuten'],
    [60, '1 hour', '1 Stunde'],
    [61, '1 hour 1 minute', '1 Stunde 1 Minute'],
    [90, '1 hour 30 minutes', '1 Stunde 30 Minuten'],
    [120, '2 hours', '2 Stunden'],
    [1_440, '24 hours', '24 Stunden'],
  ])('say %d minutes as %j and %j', (linkMinutes, inEnglish, inGerman) => {
    const content = signIn({ linkMinutes })
    expect(composeMail(content, english).text).toContain(`The link is good for ${inEnglish}.\n`)
    expect(composeMail(content, german).text).toContain(`Der Link gilt ${inGerman}.\n`)
  })

  it.each([
    [1_795_754_159, '27 November 2026, 04:35 UTC', '27. November 2026, 04:35 Uhr (UTC)'],
    [1_835_481_599, '29 February 2028, 23:59 UTC', '29. Februar 2028, 23:59 Uhr (UTC)'],
    [1_772_323_200, '1 March 2026, 00:00 UTC', '1. März 2026, 00:00 Uhr (UTC)'],
    [4_102_444_799, '31 December 2099, 23:59 UTC', '31. Dezember 2099, 23:59 Uhr (UTC)'],
  ])('say the second %d as %j and %j', (at, inEnglish, inGerman) => {
    expect(composeMail(passwordChanged(at), english).text).toContain(`When: ${inEnglish}\n`)
    expect(composeMail(passwordChanged(at), german).text).toContain(`Wann: ${inGerman}\n`)
  })

  it('have a name of the service on one line', () => {
    const serviceName = ' Ex\r\nBcc: a@b.example\u2028am\u202eple\t '
    const { subject, text, html } = composeMail(signIn(), { ...english, serviceName })
    expect(subject).toBe('Log in to Ex Bcc: a@b.example am ple')
    for (const part of [subject, text, html]) expect(part).not.toMatch(/[\r\u2028\u202e\t]/)
    const halved = composeMail(signIn(), { ...english, serviceName: 'Ex\ud800' })
    expect(Object.values(halved).every((part) => part.isWellFormed())).toBe(true)
  })

  it('make no address of what a client calls itself', () => {
    const { text, html } = composeMail(
      passwordChanged(0, 'https://evil.example/x@y on\nLinux'),
      english,
    )
    expect(text).toContain('Device: https evil example x y on Linux\n')
    expect(html).not.toContain('evil.example')
  })

  it('show the code nowhere but in its place', () => {
    const { subject, html } = composeMail(signIn({ link: undefined }), english)
    expect(subject).not.toContain('K7QM')
    expect(html.split('K7QM')).toHaveLength(2)
    expect(html.indexOf('K7QM')).toBeGreaterThan(html.indexOf('<h1'))
  })

  it('are complete in each language', () => {
    const { minutes, ...rest } = en
    // @ts-expect-error the number of minutes is missing
    const incomplete: MailTexts = rest
    expect(incomplete.minutes).toBeUndefined()
    // @ts-expect-error a code has to be asked for
    const wordless: MailTexts['sign_in'] = en.account_exists
    expect(wordless('Example').enterCode).toBeUndefined()
    expect(minutes(1)).toBe('1 minute')
  })

  it('exist for each kind of mail', () => {
    const kind: MailContent['kind'] = 'sign_in'
    expect(en[kind]('Example').subject).not.toBe('')
    // @ts-expect-error there is no such mail
    expect(en.newsletter).toBeUndefined()
  })

  it('have no line that is longer than the 998 bytes of RFC 5322', () => {
    for (const { content, language } of every) {
      const mail = composeMail(content, { language, serviceName: 'ä'.repeat(64) })
      for (const line of [...mail.text.split('\n'), ...mail.html.split('\n')]) {
        expect(new TextEncoder().encode(line).length).toBeLessThan(998)
      }
    }
  })
})
