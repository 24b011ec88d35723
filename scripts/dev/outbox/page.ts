// The outbox as a page without scripts. All text is escaped. The HTML of a mail is a document of its
// own, in a frame that has no origin.

import { createHash } from 'node:crypto'
import type { KeptMail } from './outbox.ts'

const style = `body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid; margin-top: 2rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { width: 100%; height: 20rem; border: 1px solid; background: white; }`
const styleHash = createHash('sha256').update(style).digest('base64')

const everywhere = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** The headers of every answer but those of the two documents. */
export const plainHeaders: Readonly<Record<string, string>> = {
  ...everywhere,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}

/** The headers of the page. */
export const pageHeaders: Readonly<Record<string, string>> = {
  ...everywhere,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
}

/** The headers of the HTML of a mail. It loads nothing, runs nothing, and leads nowhere. */
export const mailHeaders: Readonly<Record<string, string>> = {
  ...everywhere,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    'sandbox',
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
}

/** The page, with the mails in the given order. */
export function outboxPage(mails: readonly KeptMail[]): string {
  const articles = mails.map(articleOf).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outbox (${mails.length})</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Outbox</h1>
<p>What the service has mailed since this command was started, the newest first. Nothing of it has left this machine. Reload the page for new mails.</p>
${articles || '<p>No mail yet.</p>\n'}</main>
</body>
</html>
`
}

function articleOf({ number, from, to, subject, text, html, receivedAt }: KeptMail): string {
  const frame = `<iframe sandbox title="Mail ${number} as HTML" src="/dev/outbox/${number}.html" loading="lazy"></iframe>`
  return `<article>
<h2>${escapeHtml(subject)}</h2>
<p>To ${escapeHtml(to.join(', '))}<br>From ${escapeHtml(from)}<br>${escapeHtml(receivedAt)}</p>
<pre>${escapeHtml(text)}</pre>
${html === '' ? '' : frame}
</article>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}
