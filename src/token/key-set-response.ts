// Reading a key set off the network: whatever comes back is a stranger's until it has been checked.
// What is not a key set gets a sentence that says what to do about it.

import { type Result, refuse, succeed } from '../errors/reasons.ts'
import { isObject, type PublicJwk, parsePublicJwk } from './jwk.ts'

const maxBytes = 64 * 1024
const maxKeys = 64
const cure =
  'reach the service over a service binding (`service: (env) => env.AUTH`), or give it a Custom Domain'

/**
 * The keys of an answer, or what is wrong with it, to complete the sentence "the key set at URL …".
 * Keys of kinds that we do not use are passed over (RFC 7517 §5); a set without any that we do is
 * no answer.
 */
export async function readKeySet(response: Response): Promise<Result<PublicJwk[], string>> {
  if (response.status >= 300 && response.status < 400) {
    return refuse(`answers with a redirect, which is not followed; check the issuer, or ${cure}`)
  }
  const text = await readText(response)
  if (text === undefined) return refuse(`is larger than ${maxBytes / 1024} KiB`)
  if (/error code: 1042/.test(text)) {
    return refuse(
      `cannot be fetched from a Worker of the same account on workers.dev (error 1042); ${cure}`,
    )
  }
  if (isHtml(response, text)) {
    return refuse(
      `answers with an HTML page (status ${response.status}), so something else is there: a route of the same zone does not reach its Worker; check the issuer, or ${cure}`,
    )
  }
  if (!response.ok) {
    return refuse(
      `answers with status ${response.status}; check that the service runs, and the issuer`,
    )
  }
  return parseKeySet(text)
}

function parseKeySet(text: string): Result<PublicJwk[], string> {
  const entries = parseEntries(text)
  if (!entries) return refuse('is not a JWK Set in JSON; check the issuer')
  if (entries.length === 0) {
    return refuse(
      'is empty; set SIGNING_KEYS on the service (`npx portcullis keys generate`), for with SECRET_KEY alone nobody else can verify its tokens',
    )
  }
  if (entries.length > maxKeys) return refuse(`has more than ${maxKeys} keys`)
  const keys = entries.map(parsePublicJwk).flatMap((key) => (key.ok ? [key.value] : []))
  if (keys.length === 0) return refuse('has no key for ES256 or EdDSA')
  return new Set(keys.map(({ kid }) => kid)).size === keys.length
    ? succeed(keys)
    : refuse('gives two keys the same name (kid)')
}

function parseEntries(text: string): readonly unknown[] | undefined {
  try {
    const set: unknown = JSON.parse(text)
    return isObject(set) && Array.isArray(set.keys) ? set.keys : undefined
  } catch {
    return undefined
  }
}

function isHtml(response: Response, text: string): boolean {
  return /^text\/html/i.test(response.headers.get('Content-Type') ?? '') || /^\s*</.test(text)
}

/** The body as text, or undefined when it is too large; no more than that is ever read. */
async function readText(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  while (reader) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
  return text + decoder.decode()
}
