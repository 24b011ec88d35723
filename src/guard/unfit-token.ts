// Tokens that look like ours and do not fit. In most cases, the guard and the service have
// different settings. The log says which, with one line a minute for each reason, because strangers
// can make such tokens, too.

import { decodeBase64Url } from '../crypto/base64url.ts'
import { isOpaqueId } from '../crypto/random-id.ts'
import type { GuardReason } from '../errors/reasons.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { parseJsonObject } from '../token/json.ts'
import { isLoopbackHost } from '../token/loopback.ts'
import type { VerifierOptions } from './verifier-options.ts'

const quietForMs = 60_000
/** The most characters of a claim in the log. */
const maxShownCharacters = 200

const sentences: Partial<Record<GuardReason, string>> = {
  token_issuer_wrong: 'The token is of another issuer',
  token_audience_wrong: 'The token is for another audience',
  token_key_unknown:
    'The key set lacks the key of the token: another service made the token, or one without SIGNING_KEYS',
  token_signature_wrong: 'The key set has another key of this name: another service made the token',
  token_from_the_future: 'The token is from the future: the clock here is behind',
}

/**
 * Says why a token does not fit, in the log. If the issuer is this machine, the caller gets it,
 * too.
 */
export function createUnfitLog<Bindings>(
  { issuer, audience, service }: VerifierOptions<Bindings>,
  runtime: Pick<Runtime, 'now' | 'elapsedMs'>,
) {
  const loggedAtMs = new Map<GuardReason, number>()
  const isLocal = isLoopbackHost(new URL(issuer).hostname)
  const way = service ? ', over the service binding' : ''

  return (reason: GuardReason, token: string): string | undefined => {
    if (!sentences[reason]) return undefined
    const [header, claims] = token
      .split('.', 2)
      .map((part) => parseJsonObject(decodeBase64Url(part) ?? ''))
    const isOurs = claims?.iss === issuer || isOpaqueId(claims?.gen)
    if (!isOurs || !(Number(claims?.exp) > runtime.now())) return undefined
    const expected = JSON.stringify({ iss: issuer, aud: audience })
    const said = { iss: shown(claims?.iss), aud: shown(claims?.aud), kid: shown(header?.kid) }
    const problem = `${sentenceOf(reason, header)}. Expected${way}: ${expected}; the token says: ${JSON.stringify(said)}.`
    const sinceMs = runtime.elapsedMs() - (loggedAtMs.get(reason) ?? Number.NaN)
    if (!(sinceMs >= 0 && sinceMs < quietForMs)) {
      loggedAtMs.set(reason, runtime.elapsedMs())
      console.error(JSON.stringify({ event: 'token_unfit', issuer, problem }))
    }
    return isLocal ? problem : undefined
  }
}

/** A token that names no key is one of SECRET_KEY. */
function sentenceOf(reason: GuardReason, header: object | undefined): string | undefined {
  const isOfSecret = reason === 'token_signature_wrong' && header && !('kid' in header)
  return isOfSecret ? 'The token is signed with another SECRET_KEY' : sentences[reason]
}

/** An untrusted claim, short and without control characters. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : String(JSON.stringify(value))
  return text.slice(0, maxShownCharacters).replace(/[^ -~]/g, '?')
}
