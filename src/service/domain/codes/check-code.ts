// A client presents a code and its handle, or the token of a link. There is one refusal for all
// codes that are not good, so that it does not tell whether there is an account.

import { isOpaqueId } from '../../../crypto/random-id.ts'
import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import {
  type CodePurpose,
  type FoundCode,
  findCode,
  giveTryBack,
  type PresentedCode,
} from '../../store/codes.ts'
import { inEvenTime } from '../limits/even-time.ts'
import type { CodeDeps } from './code-deps.ts'

export type { CodePurpose } from '../../store/codes.ts'

/** What a client sends: either the token of a link, or a code and its handle. */
export interface SentCode {
  readonly token?: string | undefined
  readonly handle?: string | undefined
  readonly code?: string | undefined
}

/** A code that is right and may be used now. */
export interface CheckedCode extends FoundCode {
  readonly presented: PresentedCode
}

type CheckDeps = Pick<CodeDeps, 'database' | 'runtime' | 'mailedCodes'>

/**
 * The code and its account. Refuses with 'code_wrong' if it is wrong, used, expired, for another
 * purpose, or if its handle has had five tries. The same if the account is gone or disabled, or has
 * another email or password by now. One round trip, and none for a forged token. The answer comes
 * at the end of a span of 200 ms. This uses nothing but one try of the handle.
 */
export async function checkCode(
  deps: CheckDeps,
  sent: SentCode,
  purpose: CodePurpose,
  entry: AuditEntry,
): Promise<Result<CheckedCode, 'code_wrong'>> {
  const presented = await presentedCode(deps, sent, purpose)
  if (!presented) return refuse('code_wrong')
  return inEvenTime(deps.runtime, async () => {
    const found = await findCode(deps.database, presented, purpose, entry)
    if (!found || !(await isRight(deps, presented, sent.code, purpose, found))) {
      return refuse('code_wrong')
    }
    return succeed({ ...found, presented })
  })
}

/**
 * The result of `work` with a right code. If it throws, or refuses for another reason than those in
 * `counted`, the try is given back: one round trip more. So a failure of ours uses nothing up.
 */
export async function withCheckedCode<T, E>(
  { database }: Pick<CheckDeps, 'database'>,
  { presented }: CheckedCode,
  counted: readonly E[],
  work: () => Promise<Result<T, E>>,
): Promise<Result<T, E>> {
  const giveBack = () => giveTryBack(database, presented).catch(() => {})
  try {
    const done = await work()
    if (!done.ok && !counted.includes(done.error)) await giveBack()
    return done
  } catch (error) {
    await giveBack()
    throw error
  }
}

/** The row that is meant. A token of a link is verified here. */
async function presentedCode(
  { mailedCodes }: Pick<CheckDeps, 'mailedCodes'>,
  { token, handle = '' }: SentCode,
  purpose: CodePurpose,
): Promise<PresentedCode | undefined> {
  if (token === undefined) return isOpaqueId(handle) ? { handle } : undefined
  const codeId = await mailedCodes.verifyLinkToken(token, purpose)
  return codeId === undefined ? undefined : { codeId }
}

async function isRight(
  { mailedCodes }: Pick<CheckDeps, 'mailedCodes'>,
  { handle }: PresentedCode,
  code: string | undefined,
  purpose: CodePurpose,
  { codeId }: FoundCode,
): Promise<boolean> {
  return handle === undefined || mailedCodes.isCode(code ?? '', purpose, codeId)
}
