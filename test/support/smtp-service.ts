// The Worker of the service with mail over SMTP, as an application would write it.

import { smtpMailer } from '../../src/mail-smtp.ts'
import { createWorker } from '../../src/server.ts'

export default createWorker({ mailer: smtpMailer() })
