// Where a login comes from: for the limits, and for its user to recognise it. What the client says
// about its program is shown only to its own user, and decides nothing.

import { parse } from 'bowser'
import type { Context } from 'hono'
import { messageOf } from '../../errors/message-of.ts'
import type { Deps } from '../domain/deps.ts'
import type { LoginClient } from '../domain/limits/login-attempts.ts'
import { unknownAddress } from '../domain/limits/network.ts'
import type { LoginPlace } from '../domain/tokens/tokens.ts'
import type { ServiceEnv } from './service-env.ts'

const maxDeviceCharacters = 60
/** No browser sends a longer one, and a longer one takes time to parse. */
const maxUserAgentCharacters = 512

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

/** "Firefox on Windows", "curl", or nothing. */
export function describeDevice(userAgent = ''): string | undefined {
  const text = userAgent.slice(0, maxUserAgentCharacters)
  if (text === '') return undefined
  const { browser, os } = parse(text)
  const program = browser.name || /^[A-Za-z][\w.-]*/.exec(text)?.[0]
  const words = [program, os.name].filter(Boolean).join(' on ')
  const printable = words.replaceAll(/[^\x20-\x7e]/g, '').slice(0, maxDeviceCharacters)
  return printable || undefined
}
