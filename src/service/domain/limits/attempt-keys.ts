// Under which keys attempts are counted. A key is a MAC of the account and of the source, so the
// table says neither whose account it is, nor whether there is one. All keys of an account begin
// with its own key: `account` counts attempts from everywhere, `account.network.MAC` those of one
// network.

import { encodeBase64Url } from '../../../crypto/base64url.ts'
import { createMac, type SecretKeys } from '../../../crypto/derived-key.ts'

/** What the password is given for. Each purpose has its own counts. */
export type AttemptPurpose = 'login' | SessionPurpose

/** What the password of a session's user is given for. */
export type SessionPurpose = (typeof sessionPurposes)[number]

/** All of them. Their attempts are counted by the id of the account. */
export const sessionPurposes = ['reauthenticate', 'change_password'] as const

/** What attempts come from: an address, a known device, or a session. */
type AttemptSource = 'network' | 'device' | 'session'

/** Makes keys. The same input gives the same key, under the current SECRET_KEY. No I/O. */
export interface AttemptKeyMaker {
  /** The key of an account, whether it exists or not: by its email, or by its id. */
  ofAccount(purpose: AttemptPurpose, account: string): Promise<string>
  /** The key of one source. */
  ofSource(accountKey: string, kind: AttemptSource, name: string): Promise<string>
}

/** Enough for a key to be unique. */
const keyBytes = 16

/** Keys that are derived from the secret. */
export function createAttemptKeyMaker(secrets: SecretKeys): AttemptKeyMaker {
  const mac = createMac(secrets, 'portcullis attempts')
  const keyOf = async (...parts: string[]) =>
    encodeBase64Url((await mac.sign(JSON.stringify(parts))).slice(0, keyBytes))
  return {
    ofAccount: (purpose, account) => keyOf(purpose, account),
    ofSource: async (accountKey, kind, name) =>
      `${accountKey}.${kind}.${await keyOf(accountKey, kind, name)}`,
  }
}
