// Where a login comes from: for the limits, and for its user to recognise it.

import type { Context } from 'hono'
import { messageOf } from '../../errors/message-of.ts'
import { type AuditEntry, createUserEntry } from '../domain/audit-entry.ts'
import type { Deps } from '../domain/deps.ts'
import type { LoginClient } from '../domain/limits/login-attempts.ts'
import { unknownAddress } from '../domain/limits/network.ts'
import type { LoginPlace } from '../domain/tokens/tokens.ts'
import { describeDevice } from './describe-device.ts'
import type { ServiceEnv } from './service-env.ts'

/** The client of a login, and where it is, for its user to recognise it. */
export function loginClientOf(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'clientAddress' | 'log' | 'settings'>,
  deviceTokens: readonly string[] = [],
): LoginClient & { findPlace(): LoginPlace } {
  const address = addressOf(c, deps)
  const isShown = deps.settings.keepsSessionAddresses && address !== unknownAddress
  return {
    address,
    deviceTokens,
    findPlace: () => ({
      device: describeDevice(c.req.header('User-Agent')),
      address: isShown ? address : undefined,
    }),
  }
}

/** The address of a client, if the platform reports one. Its failure refuses nobody. */
export function addressOf(
  c: Context<ServiceEnv>,
  { clientAddress, log }: Pick<Deps, 'clientAddress' | 'log'>,
): string | undefined {
  try {
    const address: unknown = clientAddress(c.req.raw, c.env)
    return typeof address === 'string' ? address : undefined
  } catch (error) {
    log(JSON.stringify({ event: 'client_address_failed', problem: messageOf(error) }))
    return undefined
  }
}

/** The entry of a request for the events of the audit. */
export function entryOf(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'clientAddress' | 'log' | 'settings'>,
  event: string,
): AuditEntry {
  const { auditDetailsDays } = deps.settings
  const request = { event, requestId: c.get('requestId'), address: undefined, device: undefined }
  if (auditDetailsDays === 0) return createUserEntry(request, 0)
  const address = addressOf(c, deps)
  const shown = address === unknownAddress ? undefined : address
  const device = describeDevice(c.req.header('User-Agent'))
  return createUserEntry({ ...request, address: shown, device }, auditDetailsDays)
}
