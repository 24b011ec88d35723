// The pages of a flow. GET shows a form, and takes the token of a link out of the URL: it uses
// nothing up, because programs that scan mail open links, too. POST asks for a code, or completes
// the flow. Each refusal shows the form again.

import type { Context } from 'hono'
import type { Reason } from '../../errors/reasons.ts'
import type { Refusal } from '../../errors/token-refusals.ts'
import { requestMailedCode } from '../domain/codes/request-code.ts'
import type { Deps } from '../domain/deps.ts'
import { parsePassword } from '../domain/identity/identity.ts'
import { hangUpOf } from '../http/hang-up.ts'
import { entryOf } from '../http/login-client.ts'
import { languageOf, sendAfterAnswer } from '../http/queued-mail.ts'
import { type RequestRefusal, respondRefused } from '../http/respond.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import {
  deleteCodeCookie,
  isLinkToken,
  readCodeCookie,
  sentCodeOf,
  setCodeCookie,
} from './code-cookie.ts'
import { type AskingFlow, type CodeFlow, type FinishRefusal, pathOfFlow } from './code-flow.ts'
import { type FormView, formPage, type Step } from './code-form.ts'
import { formTokensOf } from './form-token.ts'
import { faultSentence, newPasswordProblem } from './new-password.ts'
import { respondPage, textsFor } from './page.ts'
import { checkForm, noticeOf, readForm } from './sent-form.ts'
import type { PageTexts } from './texts/text.ts'

/** The form that a browser has, or gets. */
interface OpenForm {
  readonly c: Context<ServiceEnv>
  readonly deps: Deps
  readonly flow: CodeFlow
  readonly path: string
  readonly texts: PageTexts
  /** The token of a link, the handle of a code, or nothing. */
  readonly kept: string
  /** As it is shown if nothing is wrong. */
  readonly view: FormView
  /** The first form, for a browser that has forgotten what it kept. */
  readonly firstView: FormView
  isGenuine(token: string): Promise<boolean>
}

/** Answers GET: the form for what the browser keeps, or the redirect of a link. */
export async function showForm(
  c: Context<ServiceEnv>,
  deps: Deps,
  flow: CodeFlow,
): Promise<Response> {
  const form = await openForm(c, deps, flow)
  const token = c.req.query('token')
  if (token !== undefined) return takeLink(form, token)
  const isStart = c.req.query('start') !== undefined
  return respondForm(form, isStart ? { ...form.view, step: 'ask' } : form.view, 200)
}

/** Answers POST: asks for a code, or completes the flow. */
export async function takeForm(
  c: Context<ServiceEnv>,
  deps: Deps,
  flow: CodeFlow,
): Promise<Response> {
  // Before the first await: see `hangUpOf`.
  const isGone = hangUpOf(c)
  const fields = await readForm(c)
  if (!fields) return respondRefused(c, deps, 'unsupported_media_type')
  const email = fields.get('email')
  const opened = await openForm(c, deps, flow)
  const view: FormView =
    email === null ? opened.view : { ...opened.view, step: 'ask', email: email.trim() }
  const form = { ...opened, view }
  // Also for what fails on our side, such as the database.
  c.set('refusalForm', (_, refusal) => respondForm(form, withNotice(form, refusal), refusal.status))

  const limits = view.step === 'ask' ? 'mail' : 'code'
  const ours = await checkForm(c, deps, limits, () => form.isGenuine(fields.get('form') ?? ''))
  if (!ours.ok) return respondRefused(c, deps, ours.error)
  if (view.step !== 'ask') return finishFlow(form, fields, isGone)
  return flow.askEvent ? askForCode(form, flow) : refuseLink(form, form.firstView)
}

/** Puts the token of a link into the cookie. A token that is not genuine is told at once. */
async function takeLink(form: OpenForm, token: string): Promise<Response> {
  const { c, deps, flow, path } = form
  const isGenuine = (await deps.mailedCodes.verifyLinkToken(token, flow.purpose)) !== undefined
  if (!isGenuine) return refuseLink(form, { ...form.view, step: 'ask' })
  setCodeCookie(c, flow, token)
  return c.redirect(path, 303)
}

/** The answer is the same for every email, and so is its time. */
async function askForCode(form: OpenForm, flow: AskingFlow): Promise<Response> {
  const { c, deps, path, texts, view } = form
  const { email } = view
  if (!/.@./.test(email)) return refuseFields(form, { email: texts.emailMissing })
  const asked = { purpose: flow.purpose, email, language: languageOf(c) }
  const handle = await requestMailedCode(deps, asked, entryOf(c, deps, flow.askEvent))
  if (!handle.ok) return respondRefused(c, deps, handle.error)
  sendAfterAnswer(c, deps)
  setCodeCookie(c, flow, handle.value)
  return c.redirect(path, 303)
}

async function finishFlow(
  form: OpenForm,
  fields: URLSearchParams,
  isGone: () => boolean,
): Promise<Response> {
  const { c, deps, flow, texts, kept, view } = form
  const code = fields.get('code') ?? ''
  const typed = fields.get('new_password') ?? ''
  const problems = {
    ...(view.step === 'code' && code.trim() === '' && { code: texts.codeMissing }),
    ...(flow.password === 'new_password' && newPasswordProblem(form, typed)),
  }
  if (Object.keys(problems).length > 0) return refuseFields(form, problems)
  const newPassword = parsePassword(typed) ?? ''
  const done = await flow.finish(c, deps, {
    ...{ sent: sentCodeOf(kept, code), newPassword, fields, isGone },
  })
  if (done.ok) {
    deleteCodeCookie(c, flow)
    return respondPage(c, deps, { heading: flow.textsOf(texts).doneHeading, body: done.value })
  }
  return refuseDone(form, done.error)
}

/** Shows the form again, with what kept the flow from its end. */
function refuseDone(form: OpenForm, error: FinishRefusal): Response {
  const { c, deps, flow, texts, view } = form
  if (typeof error === 'object') {
    return refuseFields(form, { new_password: faultSentence(form, error.passwordFault) })
  }
  if (error === 'password_needed' || error === 'password_wrong') {
    return refuseFields(form, { password: texts.passwordRefusals[error] }, error)
  }
  if (error === 'email_taken') return refuseWith(form, { ...view, notice: texts.emailTaken }, error)
  if (error !== 'code_wrong') return respondRefused(c, deps, error)
  if (view.step === 'code') return refuseFields(form, { code: texts.codeWrong }, error)
  deleteCodeCookie(c, flow)
  return refuseLink(form, form.firstView)
}

function refuseFields(
  form: OpenForm,
  problems: FormView['problems'],
  reason: Reason = 'invalid_input',
): Response {
  return refuseWith(form, { ...form.view, problems }, reason)
}

function refuseLink(form: OpenForm, view: FormView): Response {
  const { linkWrong, askHere } = form.texts
  const notice = form.flow.askEvent ? `${linkWrong} ${askHere}` : linkWrong
  return refuseWith(form, { ...view, notice }, 'code_wrong')
}

/** Shows the form again, with the status and the headers of the refusal. */
function refuseWith(form: OpenForm, view: FormView, refused: Reason | RequestRefusal): Response {
  const { c, deps } = form
  c.set('refusalForm', (_, { status }) => respondForm(form, view, status))
  return respondRefused(c, deps, refused)
}

function withNotice({ texts, view }: OpenForm, refusal: Refusal): FormView {
  return { ...view, notice: noticeOf(texts, refusal) }
}

function respondForm(form: OpenForm, view: FormView, status: Refusal['status'] | 200): Response {
  const { c, deps, flow, texts } = form
  const { codeLifetimes, passwordPolicy } = deps.settings
  const codeMinutes = Math.floor(codeLifetimes.codeSeconds / 60)
  return respondPage(c, deps, formPage({ flow, texts, codeMinutes, passwordPolicy }, view), status)
}

async function openForm(c: Context<ServiceEnv>, deps: Deps, flow: CodeFlow): Promise<OpenForm> {
  const tokens = formTokensOf(c, deps)
  const path = pathOfFlow(deps, flow)
  const kept = readCodeCookie(c, flow)
  const step: Step = kept === '' ? 'ask' : isLinkToken(kept) ? 'link' : 'code'
  const view = { step, action: path, token: await tokens.tokenFor(kept), email: '', problems: {} }
  return {
    ...{ c, deps, flow, path, kept, view },
    texts: textsFor(c),
    firstView: { ...view, step: 'ask', token: await tokens.tokenFor('') },
    isGenuine: (token) => tokens.isGenuine(token, kept),
  }
}
