// Platforms differ in their Unicode and domain rules. The handling of an email must not differ.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Email } from '../../../../src/service/domain/identity/email.ts'
import { badEmails, dotlessEmails, goodEmails } from '../../../support/emails.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

it.each([
  ['deno', ['run']],
  ['node', []],
  ['bun', ['run']],
])('emails are the same on %s as on workerd', (command, args) => {
  const binary = `${root}node_modules/.bin/${command}`
  const file = `${root}test/support/parse-emails.ts`
  const { stdout, stderr } = spawnSync(binary, [...args, file], { cwd: root, encoding: 'utf8' })
  expect(stderr).not.toContain('rror')
  const all = [...Object.keys(goodEmails), ...badEmails, ...Object.keys(dotlessEmails)]
  const normalized = [goodEmails, { ...goodEmails, ...dotlessEmails }].map((good) =>
    all.map((email) => (good as Record<string, string>)[email]),
  )
  const printed: (Email | null)[][] = JSON.parse(stdout)
  expect(printed.map((list) => list.map((email) => email?.emailNormalized))).toEqual(normalized)
})
