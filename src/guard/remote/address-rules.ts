// Which addresses a guard may use. Anybody on the way can read and change plain HTTP. It is for
// this machine, or for a guard with `insecureHttp`.

import { aBoolean, must, optional, type Rule } from '../../errors/check-options.ts'
import { parseIssuer } from '../../token/issuer.ts'
import { isInsecureUrl } from '../../token/loopback.ts'

/** With a service binding nothing goes over the network, so the issuer is only a name. */
export const issuerRule: Rule = (issuer, { service, insecureHttp }) => {
  const parsed = parseIssuer(issuer as string)
  if (!parsed.ok) return parsed.error + (typeof issuer === 'string' ? '' : `, and is ${issuer}`)
  return service || insecureHttp || !isInsecureUrl(parsed.value)
    ? undefined
    : 'must be https:, unless there is `service`; on a private network, add insecureHttp: true'
}

/** Whether plain HTTP to another machine is allowed. */
export const insecureHttpRule: Rule = optional(aBoolean())

/** Each one is compared with an `Origin` header, which has the form of an issuer without a path. */
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
