// Which stored hashes this version can verify. Importers ask before they store one.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'

const bcryptForm = /^\$2b\$(\d{2})\$[./A-Za-z0-9]{53}$/
const bcryptSha256Form =
  /^\$bcrypt-sha256\$v=2,t=2b,r=(\d{1,2})\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/

/**
 * The family of a stored hash. Refuses, with a sentence for people, a hash that no login could
 * verify. The sentence never repeats the hash. No I/O.
 */
export function checkStoredHash(text: string): Result<{ readonly family: string }, string> {
  const families = { bcrypt: bcryptForm, 'bcrypt-sha256': bcryptSha256Form }
  for (const [family, form] of Object.entries(families)) {
    const cost = Number(form.exec(text)?.[1])
    if (cost >= 4 && cost <= 15) return succeed({ family })
  }
  return refuse('The hash has no form that can be verified: give bcrypt ($2b$) of cost 4 to 15.')
}
