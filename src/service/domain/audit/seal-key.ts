// The key that seals the audit. It is derived from SECRET_KEY, for this purpose alone. Each seal
// names its key, so that older seals can be verified after SECRET_KEY was exchanged.

import { encodeBase64Url } from '../../../crypto/base64url.ts'
import { createMac } from '../../../crypto/derived-key.ts'

/** A key for seals. */
export interface SealKey {
  /** Names the key: 16 characters of base64url. It does not reveal the key. */
  readonly id: string
  /** HMAC-SHA-256 in base64url. The texts of seals begin with `[`, and the text of the id does not. */
  macOf(text: string): Promise<string>
}

/** The key that belongs to a SECRET_KEY. Deterministic. */
export async function deriveSealKey(secretKey: string): Promise<SealKey> {
  const mac = createMac({ secretKey }, 'portcullis audit seal')
  const macOf = async (text: string) => encodeBase64Url(await mac.sign(text))
  return { id: (await macOf('key id')).slice(0, 16), macOf }
}
