// The service with signing keys of its own, on workerd, at the address of its issuer.

import { findFreePort } from '../../scripts/ports.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { createSigningKeys } from '../../src/service/domain/keys/rotation.ts'
import type { KeyPairAlgorithm } from '../../src/token/jwk.ts'
import { generateKeyPair } from '../../src/token/key-pair.ts'
import { createClientOf } from './client.ts'
import { startDatabase } from './database.ts'
import { testSettings } from './settings.ts'
import { serveOnWorkerd } from './workerd.ts'

/** A fresh private key set, in the form of SIGNING_KEYS. */
export async function createKeySet(algorithm: KeyPairAlgorithm = 'ES256'): Promise<string> {
  const generate = () => generateKeyPair(algorithm, systemRuntime)
  return JSON.stringify({ keys: createSigningKeys(await generate(), await generate()) })
}

/** Starts the service over a database of its own. */
export async function startIssuingService(
  bundle: string,
  variables: Readonly<Record<string, string>> = {},
  wanted?: number,
) {
  const port = wanted ?? (await findFreePort())
  const issuer = `http://127.0.0.1:${port}`
  const database = await startDatabase()
  const settings = {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
    ...variables,
  }
  const server = await serveOnWorkerd(bundle, settings, { port })
  const stop = async () => {
    await Promise.all([server.stop(), database.stop()])
  }
  return { issuer, settings, database, server, client: createClientOf(issuer), stop }
}
