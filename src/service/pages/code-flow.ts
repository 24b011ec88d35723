// A flow begins with an email or with the link of a mail, and ends with what a code is for.

import type { Context } from 'hono'
import type { QueueReason, Result } from '../../errors/reasons.ts'
import type { SentCode } from '../domain/codes/check-code.ts'
import type { Deps } from '../domain/deps.ts'
import type { PasswordFault } from '../domain/identity/password-policy.ts'
import type { ServiceEnv } from '../http/service-env.ts'
import type { Page } from './page.ts'
import type { FlowTexts, PageTexts } from './texts/text.ts'

/** Why a flow is not completed. */
type FinishRefusal =
  | 'code_wrong'
  | 'account_changing'
  | QueueReason
  | { readonly passwordFault: PasswordFault }

/** What the flow is completed with. */
interface FinishInput {
  readonly sent: SentCode
  /** In its normal form. Empty if the flow asks for none. */
  readonly newPassword: string
  readonly isGone: () => boolean
}

/** One flow, at one path. */
export interface CodeFlow {
  /** Below the path of the pages. */
  readonly path: '/reset' | '/code'
  readonly purpose: 'reset_password' | 'sign_in'
  /** The event of the audit for a code that is asked for: the name of the JSON route. */
  readonly askEvent: 'forgotPassword' | 'emailCode'
  readonly asksPassword: boolean
  textsOf(texts: PageTexts): FlowTexts
  /** Completes it. Gives what its last page says. */
  finish(
    c: Context<ServiceEnv>,
    deps: Deps,
    input: FinishInput,
  ): Promise<Result<Page['body'], FinishRefusal>>
}
