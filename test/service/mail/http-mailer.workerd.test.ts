import { inject } from 'vitest'
import { describeHttpMailer } from '../../support/http-mailer-suite.ts'

describeHttpMailer('workerd', () => inject('mailApiUrl'))
