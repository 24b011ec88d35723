import { afterAll, beforeAll } from 'vitest'
import { describeHttpMailer } from '../../support/http-mailer-suite.ts'
import { type MailApiServer, startMailApi } from '../../support/mail-api.ts'

let api: MailApiServer
beforeAll(async () => {
  api = await startMailApi()
})
afterAll(() => api.stop())

describeHttpMailer('Node', () => api.url)
