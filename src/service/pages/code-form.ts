// The forms of a flow: for the email, for the code of a mail, and for who comes by its link. What
// is wrong is told above the form and beside its field. Passwords and codes are never given back.

import { html } from 'hono/html'
import type { PasswordPolicy } from '../config/password-settings.ts'
import type { CodeFlow } from './code-flow.ts'
import {
  emailField,
  type FormProblems,
  field,
  formOf,
  newPasswordField,
  passwordField,
  problemSummary,
} from './form-fields.ts'
import type { Html, Page } from './page.ts'
import type { PageTexts } from './texts/text.ts'

/** The first form, or one of those that complete a flow. */
export type Step = 'ask' | 'code' | 'link'

/** A form as it is shown. */
export interface FormView extends FormProblems {
  readonly step: Step
  /** Where it is sent. */
  readonly action: string
  /** The token of the form. */
  readonly token: string
  /** What was typed as the email. */
  readonly email: string
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
  const problem = problemSummary(texts, view)
  const intro = {
    ask: askIntro,
    link: linkIntro,
    code: texts.codeOnItsWay(context.codeMinutes),
  }[step]
  const again = html`<p><a href="${action}?start">${texts.askAgain}</a></p>\n`
  const mailsCodes = flow.askEvent !== undefined
  const body = html`${problem}<p>${intro}</p>
${step === 'ask' && !mailsCodes ? (flow.withoutLink?.(texts) ?? '') : formOf(view, partsOf(context, view, finish))}${
  step === 'ask' || !mailsCodes ? '' : again
}`
  return { heading, titlePrefix: problem && texts.problem, body }
}

function partsOf(context: FormContext, view: FormView, finish: string): Html {
  const { flow, texts } = context
  const { step } = view
  return html`${fieldsOf(context, view)}<button>${step === 'ask' ? texts.ask : finish}</button>
${step === 'link' ? (flow.afterButton?.(texts) ?? '') : ''}`
}

function fieldsOf({ flow, texts, passwordPolicy }: FormContext, view: FormView): readonly Html[] {
  if (view.step === 'ask') return [emailField(view, texts)]
  const code = field(view, 'code', texts.code, {
    hint: texts.codeHint,
    attributes: html` type="text" inputmode="text" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off" spellcheck="false"`,
  })
  return [
    ...(view.step === 'code' ? [code] : []),
    ...(flow.password === 'new_password' ? [newPasswordField(view, texts, passwordPolicy)] : []),
    ...(flow.password === 'password' ? [passwordField(view, texts)] : []),
  ]
}
