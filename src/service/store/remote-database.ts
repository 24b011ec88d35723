// libSQL over HTTP: Turso, or a self-hosted sqld. The client has no time limit, must not be shared
// between requests, and is slower with compressed answers. This file solves all three problems.

import { createClient, LibsqlError } from '@libsql/client/http'
import { aBoolean, checkOptions, must, optional, type Rules } from '../../errors/check-options.ts'
import { parseDatabaseUrl } from '../config/database-url.ts'
import type { Database } from './database.ts'

/** Where the database is, and how to send requests to it. */
export interface RemoteDatabaseOptions {
  /** A `libsql:`, `https:` or `http:` URL, as TURSO_DATABASE_URL. Required. */
  readonly url: string
  /** As TURSO_AUTH_TOKEN. Default: none, for a database that needs no token. */
  readonly authToken?: string | undefined
  /**
   * Time limit of one request to the database, in milliseconds, from 1 to 2,147,483,647. Default
   * 5,000.
   */
  readonly timeoutMs?: number | undefined
  /**
   * Whether the database has read replicas. If so, reads that must not be stale go to the primary.
   * Default false.
   */
  readonly hasReplicas?: boolean | undefined
}

const defaultTimeoutMs = 5_000
/** sqld lets a writer wait for a third of a second, and then answers that it is busy. */
const maxAttempts = 6

/**
 * A database over HTTP. Each batch gets a new client, which takes microseconds and no round trip.
 * If the database is too busy to begin a batch, the batch is sent again, at most five times. Each
 * request has a time limit of its own. This is safe because no part of the batch has run. No I/O
 * before the first batch.
 *
 * @throws TypeError when an option cannot work, or is not known; the message names it
 *
 * @example
 * ```ts
 * import { openRemoteDatabase } from 'portcullis/database'
 *
 * interface Bindings {
 *   readonly TURSO_DATABASE_URL: string
 *   readonly TURSO_AUTH_TOKEN: string
 * }
 *
 * const databaseOf = (env: Bindings) =>
 *   openRemoteDatabase({ url: env.TURSO_DATABASE_URL, authToken: env.TURSO_AUTH_TOKEN })
 * ```
 */
export function openRemoteDatabase(given: RemoteDatabaseOptions): Database {
  const options = checkOptions('openRemoteDatabase', rules, given)
  const { timeoutMs = defaultTimeoutMs, hasReplicas = false } = options
  // A secret that was piped ends with a line break.
  const url = options.url.trim()
  const authToken = options.authToken?.trim()
  const fetchInTime = createFetch(timeoutMs)
  return {
    hasReplicas,
    host: new URL(url).host,
    async withClient(use) {
      const client = createClient({
        url,
        fetch: fetchInTime,
        ...(authToken !== undefined && { authToken }),
      })
      try {
        return await untilNotBusy(() => use(client))
      } finally {
        client.close()
      }
    },
  }
}

/** No message repeats the URL, because it may contain a token. */
const rules: Rules<RemoteDatabaseOptions> = {
  url: must(
    isRemoteUrl,
    'a libsql:, https: or http: URL, as TURSO_DATABASE_URL, without a user, password, query or fragment',
  ),
  // The token becomes a header, so only these characters are allowed.
  authToken: optional(
    must(
      (value) => typeof value === 'string' && /^[!-~]*$/.test(value.trim()),
      'a text of ASCII characters without spaces, as TURSO_AUTH_TOKEN',
    ),
  ),
  timeoutMs: optional(
    must(
      // Platforms treat a longer timer as no timer.
      (value) => Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31,
      'a whole number of milliseconds, from 1 to 2,147,483,647',
    ),
  ),
  hasReplicas: optional(aBoolean()),
}

function isRemoteUrl(value: unknown): boolean {
  const url = typeof value === 'string' ? value.trim() : ''
  return !/^file:/i.test(url) && parseDatabaseUrl(url).ok
}

async function untilNotBusy<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || attempts === maxAttempts) throw error
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof LibsqlError && error.code === 'SQLITE_BUSY'
}

function createFetch(timeoutMs: number): (request: Request) => Promise<Response> {
  return (request) => {
    const headers = new Headers(request.headers)
    // sqld takes ten times as long for an answer that it may compress.
    headers.set('accept-encoding', 'identity')
    return fetch(request, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  }
}
