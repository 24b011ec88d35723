// The mail that tells the owner of an account what has changed.

import { createRandomId } from '../../../crypto/random-id.ts'
import type { Notice } from '../../store/outgoing-mail.ts'
import type { CodeDeps } from '../codes/code-deps.ts'

/** What a notice says about the request. */
export interface NoticeReader {
  /** The language that the client prefers. The account's own comes first. */
  readonly language: string
  /** A few words about the client. */
  readonly device: string | undefined
}

/** A notice with a fresh id. */
export function createNotice(
  { runtime }: Pick<CodeDeps, 'runtime'>,
  { language, device }: NoticeReader,
): Notice {
  return { mailId: createRandomId(runtime), language, device }
}
