// Prints the result of `parseEmail` for the emails of the tests, for platforms that run a file.

import { parseEmail } from '../../src/service/domain/identity/email.ts'
import { badEmails, dotlessEmails, goodEmails } from './emails.ts'

const all = [...Object.keys(goodEmails), ...badEmails, ...Object.keys(dotlessEmails)]
const domains = ['public', 'any'] as const

console.log(JSON.stringify(domains.map((domain) => all.map((email) => parseEmail(email, domain)))))
