// The example for browsers, as its own Worker, over a database of its own.

import { findFreePort } from '../../scripts/ports.ts'
import { bundleWorker } from './bundle.ts'
import { startDatabase, type TestDatabase } from './database.ts'
import { createKeySet } from './issuing-service.ts'
import { testSettings } from './settings.ts'
import { serveOnWorkerd } from './workerd.ts'

/** The running example. Its page is at `issuer`. */
export interface ExampleApp {
  readonly issuer: string
  readonly database: TestDatabase
  stop(): Promise<void>
}

/** Starts examples/browser-app with these settings. */
export async function startExampleApp(
  variables: Readonly<Record<string, string>> = {},
): Promise<ExampleApp> {
  const database = await startDatabase()
  const port = await findFreePort()
  const issuer = `http://127.0.0.1:${port}`
  const bundle = bundleWorker('examples/browser-app/wrangler.toml')
  const settings = {
    ...testSettings,
    ISSUER: issuer,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
    TOKEN_TRANSPORT: 'cookie',
    HTTP_CONTRACT: 'standard',
    ...variables,
  }
  const server = await serveOnWorkerd(bundle.file, settings, { port })
  bundle.remove()
  const stop = async () => {
    await Promise.all([server.stop(), database.stop()])
  }
  return { issuer, database, stop }
}
