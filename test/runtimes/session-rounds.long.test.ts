import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startTarget, type Target } from '../contract/targets.ts'
import { createClientOf, freshEmail, tokensOf } from '../support/client.ts'

const rounds = 1_000
const roundsAtOnce = 20

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

  it(`leave no live token in ${rounds} rounds`, { timeout: 900_000 }, async () => {
    for (let played = 0; played < rounds; played += roundsAtOnce) {
      const problems = await Promise.all(Array.from({ length: roundsAtOnce }, playRound))
      expect(problems.flat(), `after ${played} rounds`).toEqual([])
    }
  })
})
