import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startTarget, type Target } from '../contract/targets.ts'
import { createClientOf, freshEmail, type Tokens, tokensOf } from '../support/client.ts'

const rounds = 1_000
const roundsAtOnce = 20

const newPassword = 'another good password'

describe('simultaneous logouts, refreshes and logouts everywhere', () => {
  let target: Target
  const client = () => createClientOf(target.baseUrl)

  beforeAll(async () => {
    target = await startTarget('workerd', inject('bundle'), {})
  })
  afterAll(() => target?.stop())

  /** @returns the problems after a round: live tokens, and undocumented statuses */
  async function playRound(): Promise<string[]> {
    const account = { email: freshEmail(), password: 'a good password' }
    const first = tokensOf(await client().register(account))
    const [refreshed, ...ended] = await Promise.all([
      client().refresh(first.refreshToken),
      client().logout(first.token),
      client().logoutEverywhere(first.token),
    ])
    const next = refreshed.status === 200 ? tokensOf(refreshed) : first
    const asked = await Promise.all([
      client().status(first.token),
      client().status(next.token),
      client().refresh(first.refreshToken),
      client().refresh(next.refreshToken),
    ])
    const living = asked.filter(({ status }) => status !== 401)
    const strange = [refreshed, ...ended].filter(({ status }) => status !== 200 && status !== 401)
    const nobodyEnded = ended.every(({ status }) => status !== 200)
    return [
      ...living.map(({ status }) => `living: ${status}`),
      ...strange.map(({ status }) => `strange: ${status}`),
      ...(nobodyEnded ? ['nobody has ended the session'] : []),
    ]
  }

  /**
   * A change of the password against a refresh of another session and a logout. Every second change
   * has the old password, and the others the refresh token of a fresh login.
   *
   * @returns the problems after a round: tokens from before that live, and undocumented statuses
   */
  async function playChangeRound(number: number): Promise<string[]> {
    const account = { email: freshEmail(), password: 'a good password' }
    const first = tokensOf(await client().register(account))
    const other = tokensOf(await client().login(account))
    const proof =
      number % 2 === 0 ? { password: account.password } : { refresh_token: first.refreshToken }
    const [changed, refreshed, ended] = await Promise.all([
      client().changePassword(first.token, { new_password: newPassword, ...proof }),
      client().refresh(other.refreshToken),
      client().logout(number % 4 < 2 ? other.token : first.token),
    ])
    const strange = [changed, refreshed, ended].filter(
      ({ status }) => ![200, 401, 503].includes(status),
    )
    const problems = strange.map(({ status }) => `strange: ${status}`)
    const isChanged = changed.status === 200
    problems.push(...(await loginProblems(account, isChanged)))
    const before = [first, other, ...(refreshed.status === 200 ? [tokensOf(refreshed)] : [])]
    return isChanged ? [...problems, ...(await livingOf(before, other))] : problems
  }

  /** Exactly one of the two passwords logs in. */
  async function loginProblems(account: object, isChanged: boolean): Promise<string[]> {
    const next = await tryLogin({ ...account, password: newPassword })
    const logins = `${next}, ${await tryLogin(account)}`
    return logins === (isChanged ? '200, 404' : '404, 200') ? [] : [`logins: ${logins}`]
  }

  /** What still works of the access tokens, and of the refresh tokens of the other session. */
  async function livingOf(before: readonly Tokens[], { refreshToken }: Tokens): Promise<string[]> {
    const others = before.filter(
      (one) => one.refreshToken.split('.')[0] === refreshToken.split('.')[0],
    )
    const asked = await Promise.all([
      ...before.map(({ token }) => client().status(token)),
      ...others.map((one) => client().refresh(one.refreshToken)),
    ])
    const living = asked.filter(({ status }) => status !== 401)
    return living.map(({ status }) => `living: ${status}`)
  }

  /** The queue may be full: a hash takes time. */
  async function tryLogin(account: object): Promise<number> {
    for (;;) {
      const { status } = await client().login(account)
      if (status !== 503) return status
      await delay(100)
    }
  }

  async function play(round: (number: number) => Promise<string[]>): Promise<void> {
    for (let played = 0; played < rounds; played += roundsAtOnce) {
      const numbers = Array.from({ length: roundsAtOnce }, (_, index) => played + index)
      const problems = await Promise.all(numbers.map(round))
      expect(problems.flat(), `after ${played} rounds`).toEqual([])
    }
  }

  it(`leave no live token in ${rounds} rounds`, { timeout: 900_000 }, () => play(playRound))

  it(
    `leave none from before a change of the password in ${rounds} rounds`,
    {
      timeout: 1_800_000,
    },
    () => play(playChangeRound),
  )
})
