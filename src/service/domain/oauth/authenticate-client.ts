import { isSameSecret } from '../../../crypto/constant-time.ts'
import { type ClientReason, type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { Deps } from '../deps.ts'

/** What a client presents (RFC 6749 §2.3.1). */
export interface ClientCredentials {
  readonly id: string
  readonly secret: string
}

/**
 * The id of the client of OAUTH_CLIENTS that has this secret. Takes the same time for an unknown id
 * and a wrong secret. Refuses with 'client_unknown'. No I/O.
 */
export async function authenticateClient(
  { oauthClients }: Pick<Deps, 'oauthClients'>,
  { id, secret }: ClientCredentials,
): Promise<Result<string, ClientReason>> {
  const client = oauthClients.find((known) => known.id === id)
  const isSame = await isSameSecret(secret, client?.secret ?? '')
  return client && isSame ? succeed(id) : refuse('client_unknown')
}
