// After a change of the password, a guard in another process refuses every earlier access token
// within its bound, and lets in the tokens that the change gives.

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { freshEmail, tokensOf } from '../support/client.ts'
import { boundMs } from '../support/guarded.ts'
import { loaded } from '../support/outage.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(() => stage?.stop())

it('a guard refuses the tokens of every session within its bound after a change', async () => {
  const guard = await stage.startGuard('over a service binding')
  const { client } = stage.service
  const account = { email: freshEmail(), password: 'a good password' }
  const mine = tokensOf(await client.register(account))
  const other = tokensOf(await client.login(account))
  const stranger = tokensOf(await client.register())
  await loaded(guard, mine.token)
  const watched = [mine, other, stranger].map(({ token }) => watch(() => guard.ask(token)))
  const changed = await client.changePassword(mine.token, {
    new_password: 'another good password',
    password: account.password,
    keep_sessions: true,
  })
  const changedAtMs = performance.now()
  expect(changed.status).toBe(200)
  expect((await guard.ask(tokensOf(changed).token)).status).toBe(200)
  await Promise.all(watched.map((one) => one.answered(() => true, changedAtMs + boundMs + 500)))
  const [mineSeen = [], otherSeen = [], strangerSeen = []] = await Promise.all(
    watched.map((one) => one.stop()),
  )
  const late = changedAtMs + boundMs
  expect([statusesOf(mineSeen, late), statusesOf(otherSeen, late)]).toEqual([[401], [401]])
  expect(statusesOf(mineSeen, 0, changedAtMs - 100)).not.toContain(401)
  expect(statusesOf(strangerSeen, 0)).toEqual([200])
  expect((await guard.ask(tokensOf(changed).token)).status).toBe(200)
})
