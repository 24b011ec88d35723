// The codes that mails carry: eight characters to type, and a token in a link. Both are MACs of the
// purpose and of the id of a row, with keys derived from SECRET_KEY. So the database holds nothing
// that opens an account, and a code can be computed again when its mail is sent again.

import { decodeBase64Url, encodeBase64Url } from '../../../crypto/base64url.ts'
import { isSameSecret } from '../../../crypto/constant-time.ts'
import { createMac, type SecretKeys } from '../../../crypto/derived-key.ts'
import { isOpaqueId } from '../../../crypto/random-id.ts'
import type { CodePurpose } from '../../store/codes.ts'

/** Makes codes and the tokens of links, and verifies them. No I/O. */
export interface MailedCodes {
  /** Eight characters, without a separator. Deterministic: the same id gives the same code. */
  codeOf(purpose: CodePurpose, codeId: string): Promise<string>
  /** The token for the link: 60 characters of base64url and a dot. Deterministic. */
  linkTokenOf(purpose: CodePurpose, codeId: string): Promise<string>
  /**
   * Whether the text is the code, in any case, with or without spaces and hyphens. `O` counts as 0,
   * `I` and `L` as 1. In constant time. A code under the previous SECRET_KEY is right, too.
   */
  isCode(typed: string, purpose: CodePurpose, codeId: string): Promise<boolean>
  /**
   * The id of the code, if the token of a link is genuine and for this purpose. The MAC is compared
   * in constant time. Never throws.
   */
  verifyLinkToken(token: string, purpose: CodePurpose): Promise<string | undefined>
}

/** 32 digits and letters of which no two look alike (Crockford's Base32). */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const codeCharacters = 8
/** Longer text is no code, whatever separates its characters. */
const maxTypedCharacters = 32
const linkTokenForm = /^([\w-]{16})\.([\w-]{43})$/

/** Codes with keys of their own, derived from the secret. */
export function createMailedCodes(secrets: SecretKeys): MailedCodes {
  const codeMac = createMac(secrets, 'portcullis mailed code')
  const linkMac = createMac(secrets, 'portcullis mailed link')
  const named = (purpose: CodePurpose, codeId: string) => `${purpose}.${codeId}`
  return {
    async codeOf(purpose, codeId) {
      return readable(await codeMac.sign(named(purpose, codeId)))
    },

    async linkTokenOf(purpose, codeId) {
      return `${codeId}.${encodeBase64Url(await linkMac.sign(named(purpose, codeId)))}`
    },

    async isCode(typed, purpose, codeId) {
      const code = normalized(typed)
      const macs = await codeMac.signWithEach(named(purpose, codeId))
      const same = await Promise.all(macs.map((mac) => isSameSecret(code, readable(mac))))
      return same.includes(true)
    },

    async verifyLinkToken(token, purpose) {
      const [, codeId = '', end = ''] = linkTokenForm.exec(token) ?? []
      const bytes = decodeBase64Url(end)
      if (!isOpaqueId(codeId) || !bytes) return undefined
      return (await linkMac.verify(bytes, named(purpose, codeId))) ? codeId : undefined
    },
  }
}

/** 256 is a multiple of 32, so each character is equally likely. */
function readable(mac: Uint8Array): string {
  const bytes = [...mac.slice(0, codeCharacters)]
  return bytes.map((byte) => alphabet[byte % alphabet.length]).join('')
}

function normalized(typed: string): string {
  const letters = typed.slice(0, maxTypedCharacters).toUpperCase().replace(/[\s-]/g, '')
  return letters.replaceAll('O', '0').replace(/[IL]/g, '1')
}
