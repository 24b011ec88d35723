// A user with an account, or a thief with copies of its tokens, must not fill the feed of all
// guards.

import { createClient } from '@libsql/client/http'
import { describe, expect, inject, it } from 'vitest'
import {
  claimsOf,
  createTestService,
  post,
  postForm,
  postWith,
  refreshWith,
  registerAccount,
  type Tokens,
  tokensOf,
} from '../../support/service.ts'

const client = createClient({ url: inject('databaseUrl') })
const { app } = await createTestService()

/** Counts the rows for the ids of tokens. */
function createCounter() {
  const ids = new Set<string>()
  return {
    note({ token }: Tokens) {
      const { jti, sid, gen } = claimsOf(token)
      for (const id of [jti, sid, gen]) ids.add(id)
    },
    async rows(): Promise<number> {
      const { rows } = await client.execute({
        sql: 'SELECT count(*) AS n FROM portcullis_revoked_tokens WHERE id IN (SELECT value FROM json_each(?))',
        args: [JSON.stringify([...ids])],
      })
      return Number(rows[0]?.n)
    },
  }
}

describe('a flood of revocations', () => {
  it('writes four rows for the tokens of one session', async () => {
    const counter = createCounter()
    let tokens: Tokens = await registerAccount(app)
    for (let round = 0; round < 30; round += 1) {
      counter.note(tokens)
      await postForm(app, '/oauth/revoke', { token: tokens.token })
      const next = await refreshWith(app, tokens.refreshToken)
      if (next.status === 200) tokens = tokensOf(next)
    }
    expect(await counter.rows()).toBe(4)
  })

  it('writes three rows for everything of one account, and ends everything', async () => {
    const counter = createCounter()
    const account = await registerAccount(app)
    const second = tokensOf(await post(app, '/auth/login', account))
    const sessions: Tokens[] = [account, second]
    for (let round = 0; round < 40; round += 1) {
      const tokens = sessions[round % 2] ?? account
      counter.note(tokens)
      const body = { keep_current: true, refresh_token: tokens.refreshToken }
      const kept = await postWith(app, '/auth/logout-everywhere', tokens.token, body)
      const next = kept.body.auth_token ? kept : await refreshWith(app, tokens.refreshToken)
      if (next.body.auth_token) sessions[round % 2] = tokensOf(next)
    }
    expect(await counter.rows()).toBe(3)
  })

  it('ends no session that is refreshed too often: the token stays valid', async () => {
    let { refreshToken } = await registerAccount(app)
    const statuses: number[] = []
    for (let round = 0; round < 65; round += 1) {
      const answer = await refreshWith(app, refreshToken)
      statuses.push(answer.status)
      if (answer.status === 200) ({ refreshToken } = tokensOf(answer))
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(60)
    expect(new Set(statuses)).toEqual(new Set([200, 429]))
  })
})
