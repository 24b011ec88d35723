// Whether the service can do its work: the database answers, and its schema is one that this
// version works on.

import type { Deps } from '../deps.ts'
import { type Result, refuse, type ServiceReason, succeed } from '../errors/reasons.ts'
import { findLastMigration, schemaVersion } from '../store/migrations.ts'

/** Succeeds, or says which way the schema is off. At most two round trips. */
export async function checkReadiness(
  deps: Pick<Deps, 'database'>,
): Promise<Result<undefined, ServiceReason>> {
  const last = await findLastMigration(deps.database)
  if (!last || last.version < schemaVersion) return refuse('schema_outdated')
  if (last.oldestSchemaServed > schemaVersion) return refuse('schema_too_new')
  return succeed(undefined)
}
