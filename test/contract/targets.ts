// The platforms of the contract: workerd over sqld, and Deno over a file.

import { createDatabaseFile, startDatabase, type TestDatabase } from '../support/database.ts'
import { serveOnDeno } from '../support/deno.ts'
import { type Post, startHttpPost, startSmtpPost } from '../support/posts.ts'
import type { Server } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

/** A running service, and the database behind it. */
export interface Target extends Server {
  readonly database: TestDatabase
  /** Where its mail arrives. */
  readonly post: Post
}

export type Platform = 'workerd' | 'Deno'

/**
 * Starts the service on a platform with a fresh database. `stop` ends all. Its mail goes over
 * HTTP from workerd, and over SMTP from Deno.
 */
export async function startTarget(
  platform: Platform,
  bundle: string,
  variables: Readonly<Record<string, string>>,
): Promise<Target> {
  const database = platform === 'Deno' ? await createDatabaseFile() : await startDatabase()
  const post = await (platform === 'Deno' ? startSmtpPost() : startHttpPost())
  const mail = variables.MAILER === 'none' ? {} : post.variables
  const settings = { ...testSettings, TURSO_DATABASE_URL: database.url, ...mail, ...variables }
  const server =
    platform === 'Deno' ? await serveOnDeno(settings) : await serveOnWorkerd(bundle, settings)
  const stop = async () => {
    await server.stop()
    await database.stop()
    await post.stop()
  }
  return { ...server, database, post, stop }
}
