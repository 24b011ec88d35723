// A signing key that others may have is revoked as tokens are: its id goes into the set, and every
// token that it has signed, or will, dies with it.

import { keyRevocationId } from '../../../token/access-token.ts'
import type { Database } from '../../store/database.ts'
import { insertLastingRevocation } from '../../store/revoked-tokens.ts'

/**
 * Revokes every token of the key, for ever: whoever has it can write any expiry into a token. When
 * it has succeeded, the revocation is stored. Atomic, idempotent; one round trip.
 *
 * @throws DatabaseUnavailable
 */
export async function revokeKey(database: Database, keyId: string): Promise<void> {
  await insertLastingRevocation(database, await keyRevocationId(keyId))
}
