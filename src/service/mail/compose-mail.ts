// The mail for a content: subject, text and HTML. Both parts are made of the same blocks, so they
// say the same. The same input gives the same mail, byte for byte: a second try sends the same.

import { unseen } from '../../token/issuer.ts'
import { type Language, mailTexts } from './languages.ts'
import { renderHtml } from './layout.ts'
import type { MailBlock } from './mail-block.ts'
import type {
  ChangeMail,
  CodeMail,
  EmailChangedMail,
  InvitationMail,
  MailContent,
} from './mail-content.ts'
import type { MailTexts, MailTime } from './texts/text.ts'

/** Who the mail is from, and in which language. */
export interface MailStyle {
  /** The name of the service, for people. Not empty. */
  readonly serviceName: string
  readonly language: Language
}

/** A mail in words. */
export interface ComposedMail {
  /** One line. */
  readonly subject: string
  /** Plain text: paragraphs, each on one line. The code and the link have lines of their own. */
  readonly text: string
  /** One page without images, scripts, and anything from elsewhere. */
  readonly html: string
}

/** Makes the words of a mail. It escapes what it is given, and has no link but the given one. */
export function composeMail(content: MailContent, style: MailStyle): ComposedMail {
  const { language } = style
  const serviceName = oneLine(style.serviceName)
  const { subject, preview, blocks } = wordsOf(content, mailTexts[language], serviceName)
  const page = { language, subject, preview, blocks, serviceName }
  return { subject, text: renderText([...blocks, serviceName]), html: renderHtml(page) }
}

interface Words {
  readonly subject: string
  readonly preview: string
  readonly blocks: readonly MailBlock[]
}

function wordsOf(content: MailContent, texts: MailTexts, service: string): Words {
  if ('code' in content) return codeWords(content, texts, service)
  if (content.kind === 'invitation') return invitationWords(content, texts, service)
  const { subject, happened, todo, otherwise } = texts[content.kind](service)
  const details = 'at' in content ? detailsOf(content, texts) : []
  const last = content.kind === 'email_changed' ? undoOf(content, texts, service) : [otherwise]
  return { subject, preview: happened, blocks: [happened, ...details, todo, ...last] }
}

function undoOf(
  { link, linkMinutes }: EmailChangedMail,
  texts: MailTexts,
  service: string,
): readonly MailBlock[] {
  const { otherwise, linkLabel, withoutLink } = texts.email_changed(service)
  if (!link) return [withoutLink]
  return [otherwise, ...linkBlocksOf(link, linkLabel, linkMinutes, texts)]
}

function linkBlocksOf(
  link: string,
  label: string,
  minutes: number,
  texts: MailTexts,
): readonly MailBlock[] {
  return [{ link, label, before: texts.openLink }, texts.linkIsGood(durationOf(minutes, texts))]
}

function codeWords(content: CodeMail, texts: MailTexts, service: string): Words {
  const { code, link, codeMinutes, linkMinutes } = content
  const words = texts[content.kind](service)
  const linkBlocks = link ? linkBlocksOf(link, words.linkLabel, linkMinutes, texts) : []
  return {
    subject: words.subject,
    // Not the code: a locked screen may show the preview to anybody.
    preview: words.happened,
    blocks: [
      ...[words.happened, words.enterCode],
      { code: `${code.slice(0, 4)}-${code.slice(4)}` },
      ...[texts.codeIsGood(durationOf(codeMinutes, texts)), ...linkBlocks, words.otherwise],
    ],
  }
}

function invitationWords(
  { link, linkMinutes }: InvitationMail,
  texts: MailTexts,
  service: string,
): Words {
  const { subject, happened, otherwise, ...words } = texts.invitation(service)
  const linked = { link, label: words.linkLabel, before: words.openLink }
  const isGood = texts.linkIsGood(durationOf(linkMinutes, texts))
  const blocks = [happened, linked, isGood, words.afterwards, otherwise]
  return { subject, preview: happened, blocks }
}

function detailsOf(
  { kind, at, device }: ChangeMail | EmailChangedMail,
  texts: MailTexts,
): readonly string[] {
  const when = kind === 'deletion_planned' ? texts.deletedAt : texts.changedAt
  const time = when(timeOf(at))
  return device ? [time, texts.changedBy(withoutAddresses(device))] : [time]
}

function renderText(blocks: readonly MailBlock[]): string {
  const paragraphs = blocks.flatMap((block) => {
    if (typeof block === 'string') return [block]
    return 'code' in block ? [block.code] : [block.before, block.link]
  })
  return `${paragraphs.join('\n\n')}\n`
}

/** "1 hour 30 minutes". Never longer than it is, and at least a minute. */
function durationOf(givenMinutes: number, texts: MailTexts): string {
  const total = Math.max(1, Math.floor(givenMinutes))
  const hours = Math.floor(total / 60)
  const minutes = total % 60
  const parts = [hours && texts.hours(hours), minutes && texts.minutes(minutes)]
  return parts.filter(Boolean).join(' ')
}

/** By hand: `Intl` writes dates in another way on each platform. */
function timeOf(at: number): MailTime {
  const date = new Date(at * 1_000)
  return {
    day: date.getUTCDate(),
    month: date.getUTCMonth(),
    year: date.getUTCFullYear(),
    clock: date.toISOString().slice(11, 16),
  }
}

const unseenRun = new RegExp(`(?:${unseen.source}|\\s)+`, 'gu')

function oneLine(text: string): string {
  return text.replace(unseenRun, ' ').trim()
}

/** A client chooses its User-Agent. Programs for mail make links of `evil.example`. */
function withoutAddresses(device: string): string {
  return oneLine(device.replace(/[.:/@]+/g, ' '))
}
