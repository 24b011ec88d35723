import { encodeUtf8 } from './utf8.ts'

/**
 * Whether two secrets are the same, in a time that depends on neither: their digests are compared,
 * which have one length, and whole.
 */
export async function isSameSecret(presented: string, expected: string): Promise<boolean> {
  const [one, other] = await Promise.all([presented, expected].map(digest))
  const difference = one?.reduce((all, byte, place) => all | (byte ^ (other?.[place] ?? 0xff)), 0)
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text)))
}
