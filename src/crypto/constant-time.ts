import { encodeUtf8 } from './utf8.ts'

/**
 * Whether two secrets are equal. The time of the comparison does not depend on their content: it
 * compares whole digests of equal length.
 */
export async function isSameSecret(presented: string, expected: string): Promise<boolean> {
  const [one, other] = await Promise.all([presented, expected].map(digest))
  const difference = one?.reduce((all, byte, place) => all | (byte ^ (other?.[place] ?? 0xff)), 0)
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text)))
}
