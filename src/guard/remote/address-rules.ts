// Which addresses a guard may go by. What goes over plain HTTP can be read and changed on the way:
// that is for this machine, and for those who insist.

import { must, optional, type Rule } from '../../errors/check-options.ts'
import { parseIssuer } from '../../token/issuer.ts'
import { isInsecureUrl } from '../../token/loopback.ts'

/** Over a service binding nothing goes over the network: there the issuer is a name only. */
export const issuerRule: Rule = (issuer, { service, insecureHttp }) => {
  const parsed = parseIssuer(issuer as string)
  if (!parsed.ok) return parsed.error
  return service || insecureHttp || !isInsecureUrl(parsed.value)
    ? undefined
    : 'must be https:, unless there is `service`; on a private network, add insecureHttp: true'
}

/** Whether somebody insists. */
export const insecureHttpRule: Rule = optional(
  must((value) => typeof value === 'boolean', 'true or false'),
)

/** Compared with an `Origin` header, which is written as an issuer without a path. */
export const trustedOriginsRule: Rule = must(
  (origins, { insecureHttp }) =>
    Array.isArray(origins) &&
    [...origins].every(
      (origin) =>
        parseIssuer(origin).ok &&
        new URL(origin).origin === origin &&
        (insecureHttp || !isInsecureUrl(origin)),
    ),
  'a list of origins such as https://app.example.com',
  JSON.stringify,
)
