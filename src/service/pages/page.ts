// The one layout of all pages, and the headers that they have in addition to those of all answers.
// There is no script, so a page allows none.

import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Deps } from '../domain/deps.ts'
import { languageOf } from '../http/queued-mail.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { serviceNameOf } from '../mail/account-pages.ts'
import type { Language } from '../mail/languages.ts'
import { style, styleHash } from './style.ts'
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'
import type { PageTexts } from './texts/text.ts'

/** A part of a page, escaped. */
export type Html = ReturnType<typeof html>

/** What differs between pages. */
export interface Page {
  readonly heading: string
  /** Comes before the heading in the title, for those who hear it. Default: nothing. */
  readonly titlePrefix?: string | undefined
  /** What comes below the heading. */
  readonly body: Html | readonly Html[]
}

const pageTexts: Readonly<Record<Language, PageTexts>> = { en, de }
const policy = [
  "default-src 'none'",
  `style-src '${styleHash}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** The sentences in the language that the client prefers. */
export function textsFor(c: Context<ServiceEnv>): PageTexts {
  return pageTexts[languageOf(c)]
}

/** Answers with a page. Everything that it is given is escaped. */
export function respondPage(
  c: Context<ServiceEnv>,
  { settings }: Pick<Deps, 'settings'>,
  { heading, titlePrefix, body }: Page,
  status: ContentfulStatusCode = 200,
): Response {
  const serviceName = serviceNameOf(settings)
  c.header('Content-Security-Policy', policy)
  const title = `${titlePrefix ? `${titlePrefix} ` : ''}${heading} – ${serviceName}`
  const page = html`<!doctype html>
<html lang="${languageOf(c)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body}<p class="s">${serviceName}</p>
</main>
</body>
</html>
`
  return c.html(String(page), status)
}
