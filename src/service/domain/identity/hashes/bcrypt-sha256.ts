// bcrypt of a SHA-256 of the password, so that nothing is cut: passlib's version 2, which this
// service stores, passlib's version 1, and Django's form.

import { encodeUtf8 } from '../../../../crypto/utf8.ts'
import { refuse } from '../../../../errors/reasons.ts'
import { verifyBcrypt, withCost } from './bcrypt.ts'
import { encodeBase64, encodeHex } from './encodings.ts'
import type { PasswordHashFamily } from './password-hash-family.ts'

/** The text that is given to bcrypt in place of the password. */
type Prehash = (password: string, salt: string) => string | Promise<string>

const name = 'bcrypt-sha256'
const forms: readonly (readonly [form: RegExp, prehash: Prehash])[] = [
  [/^\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/, saltedKey],
  [/^\$bcrypt-sha256\$2[ab],(\d{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/, plainKey],
  [/^bcrypt_sha256\$\$2[aby]\$(\d{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/, hexDigest],
]

/** `$bcrypt-sha256$v=2,…`, `$bcrypt-sha256$2b,…` and `bcrypt_sha256$$2b$…`. */
export const bcryptSha256Family: PasswordHashFamily = {
  name,
  parse(text) {
    if (!/^(?:\$bcrypt-sha256|bcrypt_sha256\$)\$/.test(text)) return undefined
    for (const [form, prehash] of forms) {
      const [whole, cost, salt = '', checksum = ''] = form.exec(text) ?? []
      if (whole === undefined) continue
      return withCost(name, Number(cost), (prefix) => ({
        verify: async (password) =>
          verifyBcrypt(await prehash(password, salt), prefix + salt, checksum),
      }))
    }
    return refuse(
      'The bcrypt-sha256 hash is cut or damaged. Possible are the forms of passlib and Django.',
    )
  },
}

/** The key of passlib's version 2: HMAC-SHA-256 of the password, with the salt's text as its key. */
export async function saltedKey(password: string, salt: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encodeUtf8(salt), algorithm, false, ['sign'])
  return encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, encodeUtf8(password))))
}

async function plainKey(password: string): Promise<string> {
  return encodeBase64(await sha256(password))
}

async function hexDigest(password: string): Promise<string> {
  return encodeHex(await sha256(password))
}

async function sha256(password: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(password)))
}
