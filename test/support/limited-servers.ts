// The service on several processes over one database, with the limits on, and the rows that count
// attempts. Clients come from any address that a test chooses.

import {
  type AttemptPurpose,
  createAttemptKeyMaker,
} from '../../src/service/domain/limits/attempt-keys.ts'
import { networkOf } from '../../src/service/domain/limits/network.ts'
import { type Answer, send } from './client.ts'
import { type ServedDatabase, startDatabase } from './database.ts'
import { serveOnDeno } from './deno.ts'
import { createKeySet } from './issuing-service.ts'
import type { Server } from './server.ts'
import { testSettings } from './settings.ts'
import { serveOnWorkerd } from './workerd.ts'

/** What a login says, and from which address it comes. */
export interface AddressedLogin {
  readonly email: string
  readonly address: string
  /** Default: a wrong one. */
  readonly password?: string
  readonly deviceToken?: unknown
}

/** Processes over one database. */
export interface LimitedServers {
  readonly database: ServedDatabase
  readonly servers: readonly [Server, Server]
  stop(): Promise<void>
}

/** Only attempts are limited, and both platforms take the address from a header. */
const settings = {
  ...testSettings,
  LIMITS: 'normal',
  LOGINS_PER_ADDRESS: '100000',
  REGISTRATIONS_PER_ADDRESS: '100000',
}

/** Starts the service once on workerd and once on Deno, over one fresh database. */
export async function startLimitedServers(bundle: string): Promise<LimitedServers> {
  const database = await startDatabase()
  const variables = {
    ...settings,
    SIGNING_KEYS: await createKeySet(),
    TURSO_DATABASE_URL: database.url,
  }
  const workerd = await serveOnWorkerd(bundle, variables)
  const servers = [workerd, await serveOnDeno({ ...variables, TRUSTED_PROXIES: '1' })] as const
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await database.stop()
  }
  return { database, servers, stop }
}

let claims = 0

/** Sends a login from an address. The client also claims another one, which must not count. */
export function loginFrom(server: Server, login: AddressedLogin): Promise<Answer> {
  const { email, address, password = 'a wrong password', deviceToken } = login
  claims += 1
  const claimed = `10.${(claims >> 16) & 255}.${(claims >> 8) & 255}.${claims & 255}`
  return send(`${server.baseUrl}/auth/login`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'CF-Connecting-IP': address,
      'X-Forwarded-For': `${claimed}, ${address}`,
    },
    body: JSON.stringify({ email, password, device_token: deviceToken }),
  })
}

const keys = createAttemptKeyMaker({ secretKey: settings.SECRET_KEY })

/** The count of an account from everywhere, or from one address; 0 if there is no row. */
export async function countOf(
  { query }: Pick<ServedDatabase, 'query'>,
  email: string,
  address?: string,
): Promise<number> {
  const purpose: AttemptPurpose = 'login'
  const account = await keys.ofAccount(purpose, email)
  const key = address ? await keys.ofSource(account, 'network', networkOf(address)) : account
  const [row] = await query('SELECT count FROM portcullis_attempts WHERE key = ?', key)
  return Number(row?.count ?? 0)
}

/** How often each word comes. */
export function tally(words: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

/** Does `work` so often at once, until it has been done `times` times. Gives what it gave. */
export async function doAtOnce<T>(
  times: number,
  atOnce: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const done: T[] = []
  let begun = 0
  const lanes = Array.from({ length: atOnce }, async () => {
    while (begun < times) {
      const index = begun
      begun += 1
      done.push(await work(index))
    }
  })
  await Promise.all(lanes)
  return done
}
