// Where a login comes from, so that its user can recognise it. What the client says about itself is
// shown only to its own user, and decides nothing.

import { parse } from 'bowser'
import type { Context } from 'hono'
import { messageOf } from '../../errors/message-of.ts'
import type { Deps } from '../domain/deps.ts'
import type { LoginPlace } from '../domain/tokens/tokens.ts'
import type { ServiceEnv } from './service-env.ts'

const maxDeviceCharacters = 60
/** No browser sends a longer one, and a longer one takes time to parse. */
const maxUserAgentCharacters = 512

/** A few words about the user agent, and its address if addresses are kept. */
export function loginPlaceOf(
  c: Context<ServiceEnv>,
  deps: Pick<Deps, 'clientAddress' | 'log'>,
): LoginPlace {
  return { device: describeDevice(c.req.header('User-Agent')), address: addressOf(c, deps) }
}

/** A login goes on without an address, which is only information for people. */
function addressOf(
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
