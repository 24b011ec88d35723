// A signing key that others may have is revoked in the same way as a token: its id goes into the
// set. Then every token that the key has signed, or will sign, is invalid.

import { keyRevocationId } from '../../../token/access-token.ts'
import type { AuditEntry } from '../../store/audit-events.ts'
import type { Database } from '../../store/database.ts'
import { insertLastingRevocation } from '../../store/revoked-tokens.ts'

/**
 * Revokes every token of the key forever: anybody who has the key can write any expiry into a
 * token. When it has succeeded, the revocation is stored, and recorded. Atomic and idempotent. One
 * round trip.
 *
 * @throws DatabaseUnavailable
 */
export async function revokeKey(
  database: Database,
  keyId: string,
  entry: AuditEntry,
): Promise<void> {
  await insertLastingRevocation(database, await keyRevocationId(keyId), entry, keyId)
}
