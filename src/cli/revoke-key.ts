// Writes the revocation of a key into the service's database, for the command.

import { revokeKey } from '../service/domain/keys/revoke-key.ts'
import { type DatabaseAddress, withDatabase } from './with-database.ts'

/** Revokes every token of the key. Idempotent. */
export function revokeKeyIn(address: DatabaseAddress, keyId: string): Promise<void> {
  return withDatabase(address, 'The key was not revoked', (client) =>
    // An update of no rows is harmless where there are no replicas.
    revokeKey({ hasReplicas: true, withClient: (use) => use(client) }, keyId),
  )
}
