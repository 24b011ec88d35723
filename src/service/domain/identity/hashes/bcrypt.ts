// bcrypt of other systems: `$2a$`, `$2b$` and `$2y$`, which are one algorithm, and Django's form of
// it. Those systems cut a password after 72 bytes, so a longer one matches by its first 72. They
// refuse NUL, or end there, so a password with a NUL never matches. Hashes of this service are
// `$2b$`, and have stricter rules (password-hasher.ts).

import bcrypt from 'bcryptjs'
import { isSameSecret } from '../../../../crypto/constant-time.ts'
import { type Result, refuse, succeed } from '../../../../errors/reasons.ts'
import type { PasswordHashFamily, StoredHash } from './password-hash-family.ts'

const minCost = 4
const maxCost = 15
const form = /^(?:bcrypt\$)?\$2([abxy])\$(\d{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/

/** `$2a$`, `$2b$`, `$2y$` and `bcrypt$$2b$…`. */
export const bcryptFamily: PasswordHashFamily = {
  name: 'bcrypt',
  parse(text) {
    if (!/^(?:bcrypt\$)?\$2[a-z]?\$/.test(text)) return undefined
    const [whole, variant, cost, salt = '', checksum = ''] = form.exec(text) ?? []
    if (whole === undefined) {
      return refuse('The bcrypt hash is cut or damaged: it has 60 characters and begins with $2b$.')
    }
    if (variant === 'x') {
      return refuse('bcrypt $2x$ comes from a faulty library. Possible are $2a$, $2b$ and $2y$.')
    }
    return withCost('bcrypt', Number(cost), (prefix) => ({
      verify: async (password) =>
        (await verifyBcrypt(password, prefix + salt, checksum)) && !password.includes('\0'),
    }))
  },
}

/** A hash of the given bcrypt cost, if it is within the bounds. */
export function withCost(
  what: string,
  cost: number,
  make: (prefix: string) => StoredHash,
): Result<StoredHash, string> {
  if (cost >= minCost && cost <= maxCost) {
    return succeed({ ...make(`$2b$${String(cost).padStart(2, '0')}$`), bcryptCost: cost })
  }
  return refuse(`${what} with cost ${cost}: possible are costs ${minCost} to ${maxCost}.`)
}

/** Whether bcrypt of the text, with a setting such as `$2b$10$` and 22 characters, ends like this. */
export async function verifyBcrypt(text: string, setting: string, checksum: string) {
  const computed = await bcrypt.hash(text, setting)
  return isSameSecret(computed.slice(-checksum.length), checksum)
}
