// Whether the service can do its work. The database must answer, and this version must support its
// schema. Tokens that are signed now must be accepted.

import { type ReadinessReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { keyRevocationId } from '../../token/access-token.ts'
import type { Database } from '../store/database.ts'
import { findLastMigration, schemaVersion } from '../store/migrations.ts'
import { findRevokedIds } from '../store/revocation-feed.ts'
import type { TokenDeps } from './tokens/token-deps.ts'

/** How long a verdict is given again, so that strangers cannot make the database work. */
const keptMs = 1_000

type Verdict = Result<undefined, ReadinessReason>
type ReadinessDeps = Pick<TokenDeps, 'accessTokens' | 'runtime'> & { readonly database: Database }

/** Whether the service is ready. */
export interface Readiness {
  /**
   * Succeeds, or says that the schema is too old or too new, or that the key that signs is revoked.
   * At most a second old. At most three round trips. Rejects when the database is unavailable.
   */
  check(): Promise<Verdict>
}

/** Asks the database at most once a second, unless requests come at the same moment. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  let last: { readonly verdict: Verdict; readonly atMs: number } | undefined
  return {
    async check() {
      const nowMs = deps.runtime.elapsedMs()
      const ageMs = last ? nowMs - last.atMs : keptMs
      if (last && ageMs >= 0 && ageMs < keptMs) return last.verdict
      const verdict = await judge(deps)
      last = { verdict, atMs: nowMs }
      return verdict
    },
  }
}

async function judge(deps: ReadinessDeps): Promise<Verdict> {
  const last = await findLastMigration(deps.database)
  if (!last || last.version < schemaVersion) return refuse('schema_outdated')
  if (last.oldestSchemaServed > schemaVersion) return refuse('schema_too_new')
  return (await isSigningKeyRevoked(deps)) ? refuse('signing_key_revoked') : succeed(undefined)
}

/** If it is revoked, nobody can log in: every new token is refused. */
async function isSigningKeyRevoked({ database, accessTokens }: ReadinessDeps): Promise<boolean> {
  const { keyId } = await accessTokens.signingKey()
  if (keyId === undefined) return false
  const { revoked } = await findRevokedIds(database, [await keyRevocationId(keyId)])
  return revoked.length > 0
}
