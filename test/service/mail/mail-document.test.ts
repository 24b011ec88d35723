import { expect, it } from 'vitest'
import { readDoc } from '../../../scripts/docs/markdown.ts'
import { composeMail } from '../../../src/service/mail/compose-mail.ts'
import { mailContents } from '../../support/mails.ts'

it('lists every mail with its subject', () => {
  const [, section = ''] = readDoc('docs/operate/mail.md').split('## What the mails say')
  const rows = section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)
  const listed = Array.from(rows, ([, kind, subject]) => [kind, subject])
  const subjects = mailContents.map(([, content]) => [
    content.kind,
    composeMail(content, { language: 'en', serviceName: 'Example' }).subject,
  ])
  expect(new Map(listed as [string, string][])).toEqual(new Map(subjects as [string, string][]))
})
