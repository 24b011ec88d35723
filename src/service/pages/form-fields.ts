// The fields of all forms, and what tells that they are wrong. Ids are unique on a page: forms that
// share a page give their fields a prefix.

import { html } from 'hono/html'
import type { PasswordPolicy } from '../config/password-settings.ts'
import type { Html } from './page.ts'
import type { PageTexts } from './texts/text.ts'

/** What is wrong with what was sent. */
export interface FormProblems {
  /** What is wrong, by the id of the field. */
  readonly problems: Readonly<Record<string, string>>
  /** What is wrong as a whole. */
  readonly notice?: string | undefined
}

/**
 * Tells what is wrong, with links to the fields. It has the focus, so that it is heard first.
 * Undefined if nothing is wrong.
 */
export function problemSummary(
  { correctThis }: PageTexts,
  { problems, notice }: FormProblems,
): Html | undefined {
  const links = Object.entries(problems).map(
    ([id, sentence]) => html`<li><a href="#${id}">${sentence}</a></li>\n`,
  )
  if (notice === undefined && links.length === 0) return undefined
  return html`<div class="n" role="alert" tabindex="-1" autofocus>
${notice === undefined ? '' : html`<p>${notice}</p>\n`}${
  links.length === 0 ? '' : html`<h2>${correctThis}</h2>\n<ul>\n${links}</ul>\n`
}</div>
`
}

/** A form with its token, its fields and its buttons. */
export function formOf(
  { action, token }: { readonly action: string; readonly token: string },
  parts: Html | readonly Html[],
): Html {
  return html`<form method="post" action="${action}" novalidate>
<input type="hidden" name="form" value="${token}">
${parts}</form>
`
}

/** An email, as it was typed. */
export function emailField(
  view: FormProblems & { readonly email: string },
  texts: Pick<PageTexts, 'email'>,
  prefix = '',
): Html {
  const attributes = html` type="email" autocomplete="email" value="${view.email}"`
  return field(view, 'email', texts.email, { prefix, attributes })
}

/** The password of the account. */
export function passwordField(
  view: FormProblems,
  { password }: Pick<PageTexts, 'password'>,
  prefix = '',
): Html {
  const attributes = html` type="password" autocomplete="current-password"`
  return field(view, 'password', password, { prefix, attributes })
}

/** A new password, and what it needs. */
export function newPasswordField(
  view: FormProblems,
  texts: PageTexts,
  { minLength, refusesCommon }: PasswordPolicy,
  prefix = '',
): Html {
  return field(view, 'new_password', texts.newPassword, {
    prefix,
    hint: texts.passwordHint(minLength, refusesCommon),
    attributes: html` type="password" autocomplete="new-password"`,
  })
}

/** A field with its label. Passwords and codes are never given back. */
export function field(
  { problems }: FormProblems,
  name: string,
  label: string,
  given: { readonly hint?: string; readonly attributes: Html; readonly prefix?: string },
): Html {
  const { hint, attributes, prefix = '' } = given
  const id = `${prefix}${name}`
  const problem = problems[id]
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ')
  const hintLine = hint && html`<p class="h" id="${id}-hint">${hint}</p>\n`
  const problemLine = problem && html`<p class="e" id="${id}-problem">${problem}</p>\n`
  const describedBy = described && html` aria-describedby="${described}"`
  const invalid = problem && html` aria-invalid="true"`
  return html`<div class="f">
<label for="${id}">${label}</label>
${hintLine}${problemLine}<input id="${id}" name="${name}"${attributes}${describedBy}${invalid} required>
</div>
`
}
