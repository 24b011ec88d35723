// A backup brings back generations that guards know as revoked. Users who logged out everywhere
// after the backup must be able to log in again after the procedure.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { startCommand, stopCommands } from '../scripts/commands.ts'
import { freshEmail, tokensOf } from '../support/client.ts'
import { boundMs } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import { RestorableDatabase } from '../support/restore-drill.ts'
import type { Server } from '../support/server.ts'
import { type GuardedByProxy, type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
let guard: GuardedByProxy
let database: RestorableDatabase
/** The service with new keys, which replaces the first one. */
let renewed: Server | undefined
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
  guard = await stage.startGuard('over a service binding')
  database = new RestorableDatabase(stage)
})
afterAll(async () => {
  stopCommands()
  await renewed?.stop()
  await database?.remove()
  await stage?.stop()
})

async function register() {
  const account = { email: freshEmail(), password: 'a good password' }
  return { ...account, ...tokensOf(await stage.service.client.register(account)) }
}
type Account = Awaited<ReturnType<typeof register>>

const logIn = async ({ email, password }: Account) =>
  tokensOf(await stage.service.client.login({ email, password }))

/** The second step of docs/operate/backup-and-restore.md, without another SECRET_KEY. */
async function deployNewKeys(): Promise<void> {
  const { server, issuer, settings } = stage.service
  await server.stop()
  const variables = { ...settings, SIGNING_KEYS: await createKeySet() }
  renewed = await serveOnWorkerd(inject('bundle'), variables, {
    port: Number(new URL(issuer).port),
  })
}

/** The third step of the same page. */
async function beginNewHistory(): Promise<void> {
  const { issuer, database: place, settings } = stage.service
  const file = join(place.directory, 'old-keys.json')
  writeFileSync(file, settings.SIGNING_KEYS)
  const args = ['--restored', '--url', place.url, '--file', file, '--issuer', issuer]
  const command = startCommand(process.execPath, ['src/cli/main.ts', 'migrate', ...args])
  expect(await command.exitCode()).toBe(0)
}

/** Repeats the request until it has this status. */
async function answered(token: string, status: number): Promise<void> {
  const asking = watch(() => guard.ask(token))
  await asking.answered(({ answer }) => answer.status === status)
  await asking.stop()
}

it('accepts users who logged out everywhere since the backup, once they log in again', async () => {
  const loggedOut = await register()
  const other = await register()
  await answered(loggedOut.token, 200)
  await database.backUp()
  expect((await stage.service.client.logoutEverywhere(loggedOut.token)).status).toBe(200)
  await answered(loggedOut.token, 401)

  await database.restore()
  await deployNewKeys()
  const between = await logIn(other)
  await answered(between.token, 200)
  await beginNewHistory()
  const begunAtMs = performance.now()

  const again = watch(async () => guard.ask((await logIn(loggedOut)).token), 500)
  const others = watch(() => guard.ask(between.token))
  await others.answered(() => true, begunAtMs + boundMs)
  await again.answered(() => true, begunAtMs + boundMs)
  expect(statusesOf(await again.stop(), begunAtMs)).toEqual([200])
  // Later events of the account would not tell guards about this token.
  expect(statusesOf(await others.stop(), begunAtMs + boundMs)).toEqual([401])
  const refreshed = await stage.service.client.refresh(between.refreshToken)
  expect((await guard.ask(tokensOf(refreshed).token)).status).toBe(200)
}, 120_000)
