// A restored backup has forgotten revocations, so its procedure ends all earlier tokens. Guards
// would accept the old keys for ten more minutes if these were not revoked.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { startCommand, stopCommands } from '../scripts/commands.ts'
import { boundMs, createMint } from '../support/guarded.ts'
import { createKeySet } from '../support/issuing-service.ts'
import { loaded } from '../support/outage.ts'
import type { Server } from '../support/server.ts'
import { type Stage, startStage } from '../support/stage.ts'
import { statusesOf, watch } from '../support/watch.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

let stage: Stage
/** The service with new keys, which replaces the first one. */
let renewed: Server | undefined
beforeAll(async () => {
  stage = await startStage(inject('bundle'))
})
afterAll(async () => {
  stopCommands()
  await renewed?.stop()
  await stage?.stop()
})

async function deploy(SIGNING_KEYS: string): Promise<void> {
  await stage.service.server.stop()
  const port = Number(new URL(stage.service.issuer).port)
  const settings = { ...stage.service.settings, SIGNING_KEYS }
  renewed = await serveOnWorkerd(inject('bundle'), settings, { port })
}

it('ends all earlier tokens at guards that still have the old keys, and no new tokens', async () => {
  const { issuer, database, settings } = stage.service
  const guard = await stage.startGuard()
  const old = await stage.mint(guard.issuer)
  await loaded(guard, old)
  const file = join(database.directory, 'old-keys.json')
  writeFileSync(file, settings.SIGNING_KEYS)
  const newKeys = await createKeySet()
  await deploy(newKeys)
  const oldWatch = watch(() => guard.ask(old))
  await oldWatch.answered(({ answer }) => answer.status === 200)

  const places = ['--url', database.url, '--file', file, '--issuer', issuer]
  const args = ['src/cli/main.ts', 'migrate', '--restored', ...places]
  expect(await startCommand(process.execPath, args).exitCode()).toBe(0)
  const revokedAtMs = performance.now()
  await oldWatch.answered(() => true, revokedAtMs + boundMs)
  expect(statusesOf(await oldWatch.stop(), revokedAtMs + boundMs)).toEqual([401])
  // The guard still has the old key, and no reason to fetch others.
  expect((await guard.ask(old)).body.code).toBe('token_revoked')
  const fresh = await (await createMint(newKeys))(guard.issuer)
  expect((await guard.ask(fresh)).status).toBe(200)
})
