// Whether the service can do its work. The database must answer, and this version must support its
// schema. Tokens that are signed now must be accepted.

import { type ReadinessReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { keyRevocationId } from '../../token/access-token.ts'
import { findLastMigration, schemaVersion } from '../store/migrations.ts'
import { findRevokedIds } from '../store/revocation-feed.ts'
import type { Deps } from './deps.ts'

/**
 * Succeeds, or says that the schema is too old or too new, or that the key that signs is revoked.
 * At most three round trips.
 */
export async function checkReadiness(
  deps: Pick<Deps, 'database' | 'accessTokens'>,
): Promise<Result<undefined, ReadinessReason>> {
  const last = await findLastMigration(deps.database)
  if (!last || last.version < schemaVersion) return refuse('schema_outdated')
  if (last.oldestSchemaServed > schemaVersion) return refuse('schema_too_new')
  return (await isSigningKeyRevoked(deps)) ? refuse('signing_key_revoked') : succeed(undefined)
}

/** If it is revoked, nobody can log in: every new token is refused. */
async function isSigningKeyRevoked({
  database,
  accessTokens,
}: Pick<Deps, 'database' | 'accessTokens'>): Promise<boolean> {
  const { keyId } = await accessTokens.signingKey()
  if (keyId === undefined) return false
  const { revoked } = await findRevokedIds(database, [await keyRevocationId(keyId)])
  return revoked.length > 0
}
