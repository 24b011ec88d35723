// The one layout of all mails: a column of at most 480 px, in the colours of the reader's system.
// Styles are inline, because some programs for mail drop `<style>`. Those show it in light colours.

import { html } from 'hono/html'
import type { MailBlock } from './mail-block.ts'

/** A mail before it is HTML. */
export interface MailPage {
  /** A tag of BCP 47. */
  readonly language: string
  readonly subject: string
  /** What is shown beside the subject in a list of mails. */
  readonly preview: string
  readonly blocks: readonly MailBlock[]
  readonly serviceName: string
}

const paragraph = 'margin:0 0 16px'
/** For text without spaces. */
const breaking = 'overflow-wrap:anywhere;word-break:break-word'
const codeStyle = `${paragraph};padding:16px 8px;background:#eef0f3;border-radius:8px;text-align:center;font:bold 28px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:2px;white-space:nowrap;-webkit-user-select:all;user-select:all`
const columnStyle = `max-width:480px;padding:24px 16px;font:16px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;color:#1c1e21;text-align:left;${breaking}`
const darkStyle = `:root{color-scheme:light dark}
@media (prefers-color-scheme:dark){
.b{background:#15171a!important}
.t{color:#e6e8eb!important}
.a{color:#8ab4f8!important}
.c{background:#2a2e34!important}
.s{color:#a9b0b8!important}
}`

/** The page. Everything that it is given is escaped. */
export function renderHtml(page: MailPage): string {
  const { language, subject, preview } = page
  return String(html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${subject}</title>
<style>${darkStyle}</style>
</head>
<body class="b" style="margin:0;background:#fff">
<div style="display:none">${preview}</div>
${renderColumn(page)}
</body>
</html>
`)
}

/** It names the language again, because some programs for mail drop `<html>` and `<body>`. */
function renderColumn({ language, subject, blocks, serviceName }: MailPage) {
  return html`<div role="main" lang="${language}">
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" style="max-width:480px;table-layout:fixed">
<tr><td class="t" style="${columnStyle}">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">${subject}</h1>
${blocks.map(renderBlock)}<p class="s" style="margin:24px 0 0;color:#5a6068">${serviceName}</p>
</td></tr>
</table>
</div>`
}

function renderBlock(block: MailBlock) {
  if (typeof block === 'string') return html`<p style="${paragraph}">${block}</p>\n`
  if ('code' in block) return html`<p class="c" style="${codeStyle}">${block.code}</p>\n`
  const { link, label, before } = block
  return html`<p style="${paragraph}"><a class="a" href="${link}" style="color:#0b57d0">${label}</a></p>
<p class="s" style="${paragraph};color:#5a6068">${before}<br>${link}</p>
`
}
