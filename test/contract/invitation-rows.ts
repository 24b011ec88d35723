// The rows of an invitation that is accepted. The database gets what `portcullis users invite`
// writes, and the link is computed with the SECRET_KEY of the service.

import { createRandomId } from '../../src/crypto/random-id.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createMailedCodes } from '../../src/service/domain/codes/mailed-codes.ts'
import { freshEmail } from '../support/client.ts'
import { testSettings } from '../support/settings.ts'
import {
  codeWrong,
  type Expected,
  invalidInput,
  invalidJson,
  json,
  password,
  post,
  type Row,
} from './row.ts'
import type { Target } from './targets.ts'

const path = '/auth/accept-invitation'
const accepted: Expected = {
  status: 200,
  message: 'Invitation accepted.',
  has: ['auth_token', 'refresh_token', 'token_type', 'expires_in', 'device_token'],
}

/** Invites somebody. Gives the token of the link. */
async function invite({ database }: Target): Promise<string> {
  const [email, codeId] = [freshEmail(), createRandomId(systemRuntime)]
  await database.query(
    `INSERT INTO portcullis_users
        (email, email_normalized, password_hash, token_generation, registered_at)
      VALUES (?, ?, '!', ?, unixepoch())`,
    ...[email, email, createRandomId(systemRuntime)],
  )
  await database.query(
    `INSERT INTO portcullis_codes (id, purpose, user_id, address, password_version, created_at,
        code_expires_at, link_expires_at)
      SELECT ?, 'invitation', id, email, password_version, unixepoch(), 0, unixepoch() + 3600
      FROM portcullis_users WHERE email = ?`,
    ...[codeId, email],
  )
  const codes = createMailedCodes({ secretKey: testSettings.SECRET_KEY })
  return codes.linkTokenOf('invitation', codeId)
}

const accept = (target: Target, body: unknown) =>
  post(target, path, { headers: json, body: JSON.stringify(body) })

const row = (
  situation: string,
  bodyOf: (token: string, target: Target) => unknown,
  classic: Expected,
): Row => ({
  request: `POST ${path}`,
  situation,
  send: async (target) => accept(target, await bodyOf(await invite(target), target)),
  classic,
})

export const invitationRows: readonly Row[] = [
  row('the token of the link, and a password', (token) => ({ token, password }), accepted),
  row(
    'a forged link',
    (token) => ({ token: `${token.slice(0, -9)}AAAAAAAAA`, password }),
    codeWrong,
  ),
  row(
    'a link that was used',
    async (token, target) => {
      await accept(target, { token, password })
      return { token, password }
    },
    codeWrong,
  ),
  row(
    'a link that has expired',
    async (token, { database }) => {
      const sql = 'UPDATE portcullis_codes SET link_expires_at = 1 WHERE id = ?'
      await database.query(sql, token.slice(0, 16))
      return { token, password }
    },
    codeWrong,
  ),
  row('a password that is too short', (token) => ({ token, password: '1234567' }), invalidInput),
  row('no password', (token) => ({ token }), invalidInput),
  row('no token', () => ({ password }), invalidInput),
  row('a list', () => [], invalidJson),
]
