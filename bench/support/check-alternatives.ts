// Checks that every alternative authenticates before it is measured: which requests it accepts,
// which it refuses, and what happens to a revoked credential.

import { setTimeout as delay } from 'node:timers/promises'
import type { Alternative } from './alternative-list.ts'
import type { Credential, Issued } from './credentials.ts'
import type { Place } from './place.ts'

const pollEveryMs = 200

/** @throws Error when an alternative does not do what it says, in one of the places */
export async function checkAlternatives(
  alternatives: readonly Alternative[],
  places: readonly Place[],
): Promise<void> {
  const pairs = places.flatMap((place) =>
    alternatives.map((alternative) => [alternative, place] as const),
  )
  const revocations: (() => Promise<void>)[] = []
  for (const [alternative, place] of pairs) {
    const issued = await alternative.issue(place)
    await checkAccess(alternative, place, issued)
    revocations.push(() => checkRevocation(alternative, place, issued))
  }
  // At the same time, because some take seconds.
  await Promise.all(revocations.map((check) => check()))
}

async function checkAccess(
  { name, url, refusedWithinSeconds, issueMany }: Alternative,
  place: Place,
  { credential }: Issued,
): Promise<void> {
  const others = (await issueMany?.(1)) ?? []
  for (const good of [credential, ...others]) {
    expectStatus(name, 'a good credential', await statusOf(url(place), good), 200)
  }
  const refused = refusedWithinSeconds === undefined ? 200 : 401
  expectStatus(name, 'no credential', await statusOf(url(place)), refused)
  expectStatus(name, 'a forged one', await statusOf(url(place), forge(credential)), refused)
}

async function checkRevocation(
  { name, url, refusedWithinSeconds: seconds }: Alternative,
  place: Place,
  { credential, revoke }: Issued,
): Promise<void> {
  if (seconds === undefined) return
  await revoke()
  const isForgetful = seconds === Number.POSITIVE_INFINITY
  const endsAt = performance.now() + (isForgetful ? 0 : seconds * 1_000)
  let status = await statusOf(url(place), credential)
  while (status !== 401 && performance.now() < endsAt) {
    await delay(pollEveryMs)
    status = await statusOf(url(place), credential)
  }
  expectStatus(name, 'a revoked credential', status, isForgetful ? 200 : 401)
}

function expectStatus(name: string, what: string, status: number, wanted: number): void {
  if (status === wanted) return
  throw new Error(`${name} answers ${what} with ${status}, not ${wanted}`)
}

/** The status of a request with the credential, or without any. */
export async function statusOf(url: string, credential?: Credential): Promise<number> {
  const headers = credential ? { [credential.name]: credential.value } : {}
  const answer = await fetch(url, { headers })
  await answer.arrayBuffer()
  return answer.status
}

/**
 * The same with another signature. The signature follows the last dot, also in the first cookie.
 */
function forge({ name, value }: Credential): Credential {
  const [signed = ''] = value.split(';')
  const at = signed.lastIndexOf('.') + 5
  const other = signed[at] === 'A' ? 'B' : 'A'
  return { name, value: value.slice(0, at) + other + value.slice(at + 1) }
}
