// Writes the revocation of a key into the service's database, for the command.

import { revokeKey } from '../service/domain/keys/revoke-key.ts'
import { administratorEntry } from './audited-commands.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

/** Revokes every token of the key. Idempotent. */
export function revokeKeyIn(address: DatabaseAddress, keyId: string): Promise<void> {
  return withDatabase(address, 'The key was not revoked', (client) =>
    revokeKey(databaseOf(client), keyId, administratorEntry('keys revoke')),
  )
}
