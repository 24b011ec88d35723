// A guard on Node, of a service under wrangler dev. Node's fetch takes compressed answers, and
// wrangler dev compresses what its client takes compressed. A stream would come as a whole then.

import { expect, inject, it, onTestFinished } from 'vitest'
import { loaded } from '../support/outage.ts'
import { until } from '../support/server.ts'
import { startStage } from '../support/stage.ts'
import { pullPath, streamPath } from '../support/stream-proxy.ts'
import { serveOnWrangler } from '../support/wrangler.ts'

it('learns of a logout elsewhere by a stream that is not compressed', async () => {
  const stage = await startStage(inject('bundle'))
  onTestFinished(async () => void (await stage.stop()))
  const service = await serveOnWrangler(stage.service.settings)
  onTestFinished(() => service.stop())
  // No pull is due for 15 s.
  const options = { of: service.baseUrl, maxStalenessSeconds: 30 }
  const guard = await stage.startGuard('on Node', undefined, options)
  const token = await stage.mint(guard.issuer)
  await loaded(guard, token)
  await until(() => guard.proxy.times(streamPath).length > 0)
  const pulls = guard.proxy.times(pullPath).length
  expect((await guard.ask(token)).status).toBe(200)
  await stage.revoke(token)
  await until(async () => (await guard.ask(token)).status === 401)
  expect(guard.proxy.times(pullPath)).toHaveLength(pulls)
  expect(guard.server.log()).toEqual([])
})
