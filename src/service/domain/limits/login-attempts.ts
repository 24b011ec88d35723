// Under whose name a login is counted: the account from a network, or a device that the account
// knows. Strangers who guess a password cannot keep such a device from logging in.

import { createRandomId } from '../../../crypto/random-id.ts'
import type { LoginKeys } from '../../store/password-checks.ts'
import type { DeviceClaims } from './device-token.ts'
import type { LimitDeps } from './limit-deps.ts'
import { networkOf } from './network.ts'

/** One customer of a provider has up to a /48 of IPv6. */
const groupsOfSource = 3

/** What a client shows of itself. */
export interface LoginClient {
  /** The address that it comes from, if the platform reports it. */
  readonly address: string | undefined
  /** Device tokens that may be genuine. */
  readonly deviceTokens: readonly string[]
}

/** The device of a genuine token for this email that has not expired. No I/O. */
export async function findDevice(
  { deviceTokens, runtime, settings }: Pick<LimitDeps, 'deviceTokens' | 'runtime' | 'settings'>,
  email: string,
  client: LoginClient,
): Promise<DeviceClaims | undefined> {
  const oldest = runtime.now() - settings.limits.deviceTokenLifetimeSeconds
  for (const token of client.deviceTokens) {
    const device = await deviceTokens.verify(token, email)
    if (device && device.issuedAt > oldest) return device
  }
  return undefined
}

/** Under which keys the attempt is counted. The same for accounts that do not exist. No I/O. */
export async function loginKeysOf(
  { attemptKeys }: Pick<LimitDeps, 'attemptKeys'>,
  email: string,
  { address }: LoginClient,
  device: DeviceClaims | undefined,
): Promise<LoginKeys> {
  const account = await attemptKeys.ofAccount('login', email)
  const network = networkOf(address, groupsOfSource)
  const source = await attemptKeys.ofSource(account, 'network', network)
  if (!device) return { account, source, device }
  const key = await attemptKeys.ofSource(account, 'device', device.deviceId)
  return { account, source, device: { ...device, key } }
}

/** The device of a login, as of now. A device that is known keeps its id. */
export function renewDevice(
  { runtime }: Pick<LimitDeps, 'runtime'>,
  known?: DeviceClaims,
): Pick<DeviceClaims, 'deviceId' | 'issuedAt'> {
  return { deviceId: known?.deviceId ?? createRandomId(runtime), issuedAt: runtime.now() }
}
