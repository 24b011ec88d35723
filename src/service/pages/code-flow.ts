// A flow begins with the link of a mail, or with an email if the page mails codes itself. It ends
// with what a code is for.

import type { Context } from 'hono'
import type { QueueReason, Result } from '../../errors/reasons.ts'
import { issuerPath } from '../../token/issuer.ts'
import type { CodePurpose, SentCode } from '../domain/codes/check-code.ts'
import type { AskedCode } from '../domain/codes/request-code.ts'
import type { Deps } from '../domain/deps.ts'
import type { PasswordFault } from '../domain/identity/password-policy.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import { accountPagesPath } from '../mail/account-pages.ts'
import type { Html, Page } from './page.ts'
import type { FlowTexts, PageTexts } from './texts/text.ts'

/** The password of the account is needed, or it is wrong. */
type PasswordRefusal = 'password_needed' | 'password_wrong'

/** Why a flow is not completed. */
export type FinishRefusal =
  | 'code_wrong'
  | 'account_changing'
  | 'email_taken'
  | PasswordRefusal
  | QueueReason
  | { readonly passwordFault: PasswordFault }

/** What the flow is completed with. */
interface FinishInput {
  readonly sent: SentCode
  /** In its normal form. Empty if the flow asks for none. */
  readonly newPassword: string
  /** All that the form has. */
  readonly fields: URLSearchParams
  readonly isGone: () => boolean
}

/** A flow whose page mails codes itself. */
export interface AskingFlow extends Flow {
  readonly purpose: AskedCode['purpose']
  /** The event of the audit for a code that is asked for: the name of the JSON route. */
  readonly askEvent: 'forgotPassword' | 'emailCode'
}

/** One flow, at one path. To some of them people come by a link alone. */
export type CodeFlow = AskingFlow | (Flow & { readonly askEvent?: undefined })

interface Flow {
  /** Below the path of the pages. */
  readonly path: '/reset' | '/code' | '/verify' | '/email' | '/email-undo' | '/invitation'
  readonly purpose: CodePurpose
  /** The password that it asks for: a new one, or that of the account. */
  readonly password?: 'new_password' | 'password'
  textsOf(texts: PageTexts): FlowTexts
  /** What comes after the button of the form that a link leads to. */
  afterButton?(texts: PageTexts): Html
  /** What else to do without a link, where the page mails none. */
  withoutLink?(texts: PageTexts): Html
  /** Completes it. Gives what its last page says. */
  finish(
    c: Context<ServiceEnv>,
    deps: Deps,
    input: FinishInput,
  ): Promise<Result<Page['body'], FinishRefusal>>
}

/** The path that all flows are below. */
export function pathOfPages({ settings }: Pick<Deps, 'settings'>): string {
  return `${issuerPath(settings.issuer)}${accountPagesPath}`
}

/** The path of a flow's pages. */
export function pathOfFlow(deps: Pick<Deps, 'settings'>, { path }: CodeFlow): string {
  return `${pathOfPages(deps)}${path}`
}
