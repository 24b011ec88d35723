// Every flow that goes by mail, on each platform and with each way of sending it: real servers for
// mail, and what the account can do afterwards.

import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { type Bundle, bundleWorker } from '../support/bundle.ts'
import { type MailingServer, type MailRoute, mailRoutes } from '../support/mail-routes.ts'
import { createMailStage, type MailStage } from '../support/mail-stage.ts'
import { mailStories } from '../support/mail-stories.ts'

let smtp: Bundle
beforeAll(() => {
  smtp = bundleWorker('wrangler.toml', 'test/support/smtp-service.ts')
})
afterAll(() => smtp?.remove())

describe.each(mailRoutes)('on $name', ({ start }) => {
  let route: MailRoute
  beforeAll(async () => {
    route = await start({ plain: inject('bundle'), smtp: smtp.file })
  })
  afterAll(() => route?.stop())

  describe.each(mailStories)('$where', ({ settings, stories }) => {
    let server: MailingServer
    let stage: MailStage
    beforeAll(async () => {
      server = await route.serve(settings)
      stage = createMailStage(route, server)
    })
    afterAll(() => server?.stop())

    it.each(stories)('$name', ({ tell }) => tell(stage))
  })
})
