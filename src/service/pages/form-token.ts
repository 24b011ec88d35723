// A form carries a token that only this service can make, for a value in a cookie that no script
// and no other host can set or read. So a form that comes back was shown to the same browser.

import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { decodeBase64Url, encodeBase64Url } from '../../crypto/base64url.ts'
import { createRandomId, isOpaqueId } from '../../crypto/random-id.ts'
import type { Deps } from '../domain/deps.ts'
import type { ServiceEnv } from '../http/service-env.ts'

/** The browser guarantees that this host has set it, over HTTPS. */
const formCookie = '__Host-form'

/** Makes and verifies the tokens of one browser's forms. */
export interface FormTokens {
  /** The token of a form that is about this. Deterministic. */
  tokenFor(about: string): Promise<string>
  /** Whether a form with this token, about this, was shown to this browser. Never throws. */
  isGenuine(token: string, about: string): Promise<boolean>
}

/** The tokens of the browser. Sets the cookie if there is none. */
export function formTokensOf(
  c: Context<ServiceEnv>,
  { formMac, runtime }: Pick<Deps, 'formMac' | 'runtime'>,
): FormTokens {
  const known = getCookie(c, formCookie)
  const id = isOpaqueId(known) ? known : createRandomId(runtime)
  if (id !== known) {
    setCookie(c, formCookie, id, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
  }
  const named = (about: string) => `${id} ${about}`
  return {
    tokenFor: async (about) => encodeBase64Url(await formMac.sign(named(about))),
    isGenuine: async (token, about) => {
      const mac = decodeBase64Url(token)
      return mac !== undefined && (await formMac.verify(mac, named(about)))
    },
  }
}
