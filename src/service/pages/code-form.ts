// The forms of a flow: for the email, for the code of a mail, and for who comes by its link. What
// is wrong is told above the form and beside its field. Passwords and codes are never given back.

import { html } from 'hono/html'
import type { PasswordPolicy } from '../config/password-settings.ts'
import type { CodeFlow } from './code-flow.ts'
import type { Html, Page } from './page.ts'
import type { PageTexts } from './texts/text.ts'

/** The fields that a person fills. Their ids are their names. */
type FieldName = 'email' | 'code' | 'new_password' | 'password'

/** The first form, or one of those that complete a flow. */
export type Step = 'ask' | 'code' | 'link'

/** A form as it is shown. */
export interface FormView {
  readonly step: Step
  /** Where it is sent. */
  readonly action: string
  /** The token of the form. */
  readonly token: string
  /** What was typed as the email. */
  readonly email: string
  /** What is wrong, by field. */
  readonly problems: Readonly<Partial<Record<FieldName, string>>>
  /** What is wrong as a whole. */
  readonly notice?: string | undefined
}

/** What the forms depend on, besides the view. */
export interface FormContext {
  readonly flow: CodeFlow
  readonly texts: PageTexts
  readonly codeMinutes: number
  readonly passwordPolicy: PasswordPolicy
}

/** The page of a form. */
export function formPage(context: FormContext, view: FormView): Page {
  const { flow, texts } = context
  const { heading, askIntro, linkIntro, finish } = flow.textsOf(texts)
  const { step, action } = view
  const isProblem = view.notice !== undefined || Object.keys(view.problems).length > 0
  const intro = {
    ask: askIntro,
    link: linkIntro,
    code: texts.codeOnItsWay(context.codeMinutes),
  }[step]
  const again = html`<p><a href="${action}?start">${texts.askAgain}</a></p>\n`
  const mailsCodes = flow.askEvent !== undefined
  const body = html`${isProblem ? summary(texts, view) : ''}<p>${intro}</p>
${step === 'ask' && !mailsCodes ? (flow.withoutLink?.(texts) ?? '') : formOf(context, view, finish)}${
  step === 'ask' || !mailsCodes ? '' : again
}`
  return { heading, titlePrefix: isProblem ? texts.problem : undefined, body }
}

function formOf(context: FormContext, view: FormView, finish: string): Html {
  const { flow, texts } = context
  const { step, action, token } = view
  return html`<form method="post" action="${action}" novalidate>
<input type="hidden" name="form" value="${token}">
${fieldsOf(context, view)}<button>${step === 'ask' ? texts.ask : finish}</button>
${step === 'link' ? (flow.afterButton?.(texts) ?? '') : ''}</form>
`
}

/** Tells what is wrong, with links to the fields. It has the focus, so that it is heard first. */
function summary({ correctThis }: PageTexts, { problems, notice }: FormView): Html {
  const links = Object.entries(problems).map(
    ([name, sentence]) => html`<li><a href="#${name}">${sentence}</a></li>\n`,
  )
  return html`<div class="n" role="alert" tabindex="-1" autofocus>
${notice === undefined ? '' : html`<p>${notice}</p>\n`}${
  links.length === 0 ? '' : html`<h2>${correctThis}</h2>\n<ul>\n${links}</ul>\n`
}</div>
`
}

function fieldsOf({ flow, texts, passwordPolicy }: FormContext, view: FormView): readonly Html[] {
  const { minLength, refusesCommon } = passwordPolicy
  const email = field(view, 'email', texts.email, {
    attributes: html` type="email" autocomplete="email" value="${view.email}"`,
  })
  const code = field(view, 'code', texts.code, {
    hint: texts.codeHint,
    attributes: html` type="text" inputmode="text" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off" spellcheck="false"`,
  })
  const newPassword = field(view, 'new_password', texts.newPassword, {
    hint: texts.passwordHint(minLength, refusesCommon),
    attributes: html` type="password" autocomplete="new-password"`,
  })
  const password = field(view, 'password', texts.password, {
    attributes: html` type="password" autocomplete="current-password"`,
  })
  if (view.step === 'ask') return [email]
  return [
    ...(view.step === 'code' ? [code] : []),
    ...(flow.password === 'new_password' ? [newPassword] : []),
    ...(flow.password === 'password' ? [password] : []),
  ]
}

function field(
  { problems }: FormView,
  name: FieldName,
  label: string,
  { hint, attributes }: { readonly hint?: string; readonly attributes: Html },
): Html {
  const problem = problems[name]
  const described = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ')
  const hintLine = hint && html`<p class="h" id="${name}-hint">${hint}</p>\n`
  const problemLine = problem && html`<p class="e" id="${name}-problem">${problem}</p>\n`
  const describedBy = described && html` aria-describedby="${described}"`
  const invalid = problem && html` aria-invalid="true"`
  return html`<div class="f">
<label for="${name}">${label}</label>
${hintLine}${problemLine}<input id="${name}" name="${name}"${attributes}${describedBy}${invalid} required>
</div>
`
}
