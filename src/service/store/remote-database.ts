// libSQL over HTTP: Turso, or an sqld of one's own. The client has no time limit of its own, shares
// badly, and is slower with compressed answers; all three are settled here.

import { createClient, LibsqlError } from '@libsql/client/http'
import type { Database } from './database.ts'

export interface RemoteDatabaseSettings {
  readonly databaseUrl: string
  readonly databaseAuthToken: string | undefined
  readonly databaseTimeoutMs: number
  readonly databaseHasReplicas: boolean
}

/** sqld lets a writer wait for a third of a second, and then says that it is busy. */
const maxAttempts = 6

/**
 * A database that is asked over HTTP, with a client of its own for every batch: making one takes
 * microseconds and no round trip. A batch that the database was too busy to begin is sent again, at
 * most five times: nothing of it has happened.
 */
export function openRemoteDatabase(settings: RemoteDatabaseSettings): Database {
  const fetchInTime = createFetch(settings.databaseTimeoutMs)
  return {
    hasReplicas: settings.databaseHasReplicas,
    async withClient(use) {
      const client = createClient({
        url: settings.databaseUrl,
        fetch: fetchInTime,
        ...(settings.databaseAuthToken !== undefined && { authToken: settings.databaseAuthToken }),
      })
      try {
        return await untilNotBusy(() => use(client))
      } finally {
        client.close()
      }
    },
  }
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
    // sqld takes ten times as long for an answer when it may compress it.
    headers.set('accept-encoding', 'identity')
    return fetch(request, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
  }
}
