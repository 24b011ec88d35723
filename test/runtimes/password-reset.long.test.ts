// A thief uses a stolen session at two guarded Workers while the owner sets a new password with a
// code from a mail. After the answer, the thief is out: at the guards within their bound, and at
// the service at once.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createClientOf, freshEmail, tokensOf } from '../support/client.ts'
import { boundMs } from '../support/guarded.ts'
import { loginFrom } from '../support/limited-servers.ts'
import { codeIn } from '../support/mailed-code.ts'
import { loaded } from '../support/outage.ts'
import { type Post, startHttpPost } from '../support/posts.ts'
import { until } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { type Seen, statusesOf, watch } from '../support/watch.ts'

const resets = 20
const resetsAtOnce = 4
const attemptsBeforeClosing = 10
const newPassword = 'another good password'
const limits = {
  LIMITS: 'normal',
  MAX_ATTEMPTS: String(attemptsBeforeClosing),
  LOGINS_PER_ADDRESS: '100000',
  REGISTRATIONS_PER_ADDRESS: '100000',
  MAILS_PER_ADDRESS: '100000',
}

let post: Post
let stage: Stage
let guards: readonly GuardedByProxy[]

beforeAll(async () => {
  post = await startHttpPost()
  stage = await startStage(inject('bundle'), { ...limits, ...post.variables })
  guards = await Promise.all([1, 2].map(() => stage.startGuard('over a service binding')))
})
afterAll(async () => {
  await stage?.stop()
  await post?.stop()
})

/** An account, and what a thief has of it: a session, a device token and the password. */
async function stolenAccount() {
  const account = { email: freshEmail(), password: 'a good password' }
  expect((await stage.service.client.register(account)).status).toBe(201)
  const login = await loginFrom(stage.service.server, { ...account, address: '198.51.100.1' })
  expect(login.status).toBe(200)
  return { account, stolen: tokensOf(login), stolenDevice: login.body.device_token }
}

/** What the owner does: asks for a code, reads the mail, and sets another password. */
async function setNewPassword(email: string) {
  const client = createClientOf(stage.service.issuer)
  const { body } = await client.forgotPassword(email)
  await until(() => post.to(email).length > 0)
  const code = codeIn(post.to(email).at(-1))
  return client.resetPassword({ handle: body.handle, code, new_password: newPassword })
}

/** Milliseconds from a moment to the last question that was answered with 200. */
function lastAcceptedMs(seen: readonly Seen[], sinceMs: number): number {
  const accepted = seen.filter(({ answer }) => answer.status === 200)
  return Math.max(0, ...accepted.map(({ sentAtMs }) => sentAtMs - sinceMs))
}

/** @returns for each guard, how long after the answer it has accepted the stolen token */
async function playReset(): Promise<number[]> {
  const { account, stolen } = await stolenAccount()
  const watches = guards.map((guard) => watch(() => guard.ask(stolen.token)))
  try {
    await Promise.all(watches.map((one) => one.answered(({ answer }) => answer.status === 200)))
    const askedAtMs = performance.now()
    const reset = await setNewPassword(account.email)
    const resetAtMs = performance.now()
    expect(reset.status).toBe(200)
    const refreshed = await stage.service.client.refresh(stolen.refreshToken)
    expect([refreshed.status, refreshed.body.code]).toEqual([401, 'session_revoked'])
    const isLate = () => true
    await Promise.all(watches.map((one) => one.answered(isLate, resetAtMs + boundMs + 500)))
    const seen = await Promise.all(watches.map((one) => one.stop()))
    for (const answers of seen) {
      expect(statusesOf(answers, 0, askedAtMs - 100)).not.toContain(401)
      expect(statusesOf(answers, resetAtMs + boundMs)).toEqual([401])
    }
    return seen.map((answers) => lastAcceptedMs(answers, resetAtMs))
  } finally {
    await Promise.all(watches.map((one) => one.stop()))
  }
}

it(`two guards refuse a stolen session within their bound, after each of ${resets} resets`, async () => {
  const { stolen } = await stolenAccount()
  for (const guard of guards) await loaded(guard, stolen.token)
  const accepted: number[] = []
  for (let played = 0; played < resets; played += resetsAtOnce) {
    const several = await Promise.all(Array.from({ length: resetsAtOnce }, playReset))
    accepted.push(...several.flat())
  }
  const sorted = accepted.toSorted((one, other) => one - other)
  const [median = Number.NaN, longest = Number.NaN] = [sorted[resets], sorted.at(-1)]
  console.info(
    `The last acceptance after ${resets} resets at two guards: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms.`,
  )
  expect(sorted).toHaveLength(2 * resets)
  expect(longest).toBeLessThanOrEqual(boundMs)
  // Nobody else is refused.
  for (const guard of guards) expect((await guard.ask(stolen.token)).status).toBe(200)
})

it('a stolen device token and the old password are void after the reset', async () => {
  const { account, stolenDevice } = await stolenAccount()
  const { server } = stage.service
  // So many wrong passwords that only known devices get in.
  for (let host = 0; host < attemptsBeforeClosing; host += 1) {
    await loginFrom(server, { email: account.email, address: `192.0.2.${host}` })
  }
  const thief = { ...account, address: '198.51.100.1', deviceToken: stolenDevice }
  const unknown = await loginFrom(server, { ...account, address: '203.0.113.2' })
  expect([(await loginFrom(server, thief)).status, unknown.status]).toEqual([200, 429])
  const reset = await setNewPassword(account.email)
  expect(reset.status).toBe(200)
  const owner = { ...account, password: newPassword, address: '203.0.113.1' }
  const asOwner = { ...owner, deviceToken: reset.body.device_token }
  expect((await loginFrom(server, asOwner)).status).toBe(200)
  expect((await loginFrom(server, { ...thief, password: newPassword })).status).toBe(429)
  expect((await loginFrom(server, { ...asOwner, password: account.password })).status).toBe(404)
})
