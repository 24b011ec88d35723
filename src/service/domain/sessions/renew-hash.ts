// After a right password, a hash of another form or cost is replaced. The account has moved in from
// another system, or is from before BCRYPT_COST was changed. It is a second piece of work in the
// hash queue. So everything else has the thread between the two hashes.

import type { HashRenewal } from '../../store/hash-renewal.ts'
import type { Deps } from '../deps.ts'

/**
 * The hash to store instead, for a password that was right. Undefined if the stored one is of the
 * configured form and cost. Also undefined, without a hash, if the queue is full, the turn does not
 * come within 5 s, or the client has hung up. Then a later login renews it. No round trip.
 */
export async function renewHash(
  { passwords, hashQueue }: Pick<Deps, 'passwords' | 'hashQueue'>,
  { userId, passwordHash }: { readonly userId: number; readonly passwordHash: string },
  password: string,
  isGone: () => boolean,
): Promise<HashRenewal | undefined> {
  if (passwords.hasConfiguredForm(password, passwordHash)) return undefined
  const turn = hashQueue.join(isGone, userId)
  if (!turn.ok) return undefined
  const hashed = await turn.value.hash(() => passwords.hash(password))
  return hashed.ok ? { userId, from: passwordHash, to: hashed.value } : undefined
}
