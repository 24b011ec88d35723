// Whether the service can do its work. The database must answer, and this version must support its
// schema. Tokens that are signed now must be accepted.

import { type ReadinessReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import { keyRevocationId } from '../../token/access-token.ts'
import type { Database } from '../store/database.ts'
import { findLastMigration, schemaVersion } from '../store/migrations.ts'
import { findRevokedIds } from '../store/revocation-feed.ts'
import type { TokenDeps } from './tokens/token-deps.ts'

/** How long an outcome is given again, so that strangers cannot make the database work. */
const keptMs = 1_000
/** While a question runs, at most so long, others get the last outcome. */
const askingMs = 5_000

type Verdict = Result<undefined, ReadinessReason>
type ReadinessDeps = Pick<TokenDeps, 'accessTokens' | 'runtime'> & { readonly database: Database }

/** Whether the service is ready. */
export interface Readiness {
  /**
   * Succeeds, or says that the schema is too old or too new, or that the key that signs is revoked.
   * At most a second old, or older while a question runs, for 5 s at most. At most three round trips. Rejects when the database is unavailable.
   */
  check(): Promise<Verdict>
}

/** Asks the database once a second at most, apart from the first questions of an isolate. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  let last: { readonly outcome: () => Verdict; readonly atMs: number } | undefined
  let askedAtMs: number | undefined
  const isWithin = (sinceMs: number | undefined, forMs: number) => {
    const ageMs = sinceMs === undefined ? forMs : deps.runtime.elapsedMs() - sinceMs
    return ageMs >= 0 && ageMs < forMs
  }
  const keep = (outcome: () => Verdict) => {
    askedAtMs = undefined
    last = { outcome, atMs: deps.runtime.elapsedMs() }
    return outcome()
  }
  return {
    async check() {
      if (last && (isWithin(last.atMs, keptMs) || isWithin(askedAtMs, askingMs))) {
        return last.outcome()
      }
      askedAtMs = deps.runtime.elapsedMs()
      try {
        const verdict = await judge(deps)
        return keep(() => verdict)
      } catch (error) {
        return keep(() => {
          throw error
        })
      }
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
