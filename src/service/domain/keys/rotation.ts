// The life of signing keys. A key is published as the next one, signs as the active one, and is
// retired until its last token has expired. A key never signs before it was published: guards that
// have not seen it would refuse its tokens.

import { type Result, refuse, succeed } from '../../../errors/reasons.ts'
import type { SigningJwk } from '../../../token/signing-key.ts'
import { maxTokenLifetimeSeconds } from '../../../token/token-lifetime.ts'

type KeyPair = Omit<SigningJwk, 'state'>
type Keys = readonly SigningJwk[]

/** A first set: the key that signs now, and the key that signs next. */
export function createSigningKeys(active: KeyPair, next: KeyPair): Keys {
  return [
    { ...active, state: 'active' },
    { ...next, state: 'next' },
  ]
}

/**
 * The next key signs from now on, the active one is retired, and `fresh` is published as the next.
 * If there is no next key, `fresh` becomes it, and nothing else changes.
 */
export function rotateSigningKeys(keys: Keys, fresh: KeyPair, now: number): Keys {
  const next = keys.find(({ state }) => state === 'next')
  const moved = next ? keys.map((key) => moveOn(key, next, now)) : keys
  return [...moved, { ...fresh, state: 'next' }]
}

/** Guards ask for the keys every 10 minutes. So they know a key that is published for longer. */
const knownAfterSeconds = 15 * 60

/**
 * When all guards know the key that signs now, in seconds since 1970. Undefined if they know it by
 * `now`, or if its age is unknown. A key without its date was made with the last rotation.
 */
export function activeKeyKnownFrom(keys: Keys, now: number): number | undefined {
  const active = keys.find(({ state }) => state === 'active')
  const before = keys.flatMap(({ retired_at: at }) => (at !== undefined && at < now ? [at] : []))
  const madeAt = active?.created_at ?? (before.length > 0 ? Math.max(...before) : undefined)
  const knownFrom = madeAt === undefined ? undefined : madeAt + knownAfterSeconds
  return knownFrom !== undefined && knownFrom > now ? knownFrom : undefined
}

/** The keys without the retired ones whose last token has expired. */
export function dropExpiredKeys(keys: Keys, now: number): Keys {
  return keys.filter((key) => (lastTokenExpiresAt(key) ?? now + 1) > now)
}

/**
 * The keys without the one of that name. The tokens that it has signed are then invalid. Refuses
 * with 'unknown', and with 'active' for the key that signs.
 */
export function dropKey(keys: Keys, kid: string): Result<Keys, 'unknown' | 'active'> {
  const key = keys.find((candidate) => candidate.kid === kid)
  if (!key) return refuse('unknown')
  return key.state === 'active' ? refuse('active') : succeed(keys.filter((other) => other !== key))
}

/** When the last token of a retired key expires at the latest, in seconds since 1970. */
export function lastTokenExpiresAt({
  state,
  retired_at: retiredAt,
}: SigningJwk): number | undefined {
  if (state !== 'retired' || retiredAt === undefined) return undefined
  return retiredAt + maxTokenLifetimeSeconds
}

function moveOn(key: SigningJwk, next: SigningJwk, now: number): SigningJwk {
  if (key === next) return { ...key, state: 'active' }
  return key.state === 'active' ? { ...key, state: 'retired', retired_at: now } : key
}
