// One row of the contract: the request, and the answer in each contract.

import { send } from '../support/client.ts'
import type { Target } from './targets.ts'

/** The answer. */
export interface Expected {
  readonly status: number
  readonly message?: string
  readonly code?: string
  /** The `error` of the challenge. 'bare' for a challenge without one. */
  readonly challenge?: 'bare' | 'invalid_request' | 'invalid_token'
  /** Members of the body besides those of the envelope. */
  readonly has?: readonly string[]
  readonly allow?: string
}

export interface Row {
  readonly request: string
  readonly situation: string
  /** Prepares the situation and sends the request. */
  send(target: Target): Promise<Awaited<ReturnType<typeof send>>>
  readonly classic: Expected
  /** The answer in the standard contract, where it differs. */
  readonly standard?: Expected
}

export const password = 'a good password'
export const json = { 'Content-Type': 'application/json' }
export const post = (target: Target, path: string, init: RequestInit) =>
  send(`${target.baseUrl}${path}`, { method: 'POST', ...init })

export const invalidJson: Expected = { status: 400, code: 'invalid_json' }
export const invalidInput: Expected = { status: 422, code: 'invalid_input', has: ['errors'] }
export const codeWrong: Expected = {
  status: 403,
  code: 'code_wrong',
  message: 'The code is wrong, was used, or has expired. Ask for a new one.',
}
export const unsupported: Expected = { status: 415, code: 'unsupported_media_type' }
export const tooLarge: Expected = { status: 413, code: 'body_too_large' }
