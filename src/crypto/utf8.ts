const encoder = new TextEncoder()
// Only for whole texts: then the decoder keeps no state between calls.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The UTF-8 bytes of a text, in their own ArrayBuffer. The types of some platforms do not say this.
 */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>
}

/**
 * The text of UTF-8 bytes. A byte order mark is kept as a character.
 *
 * @throws TypeError when the bytes are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
  return encodeUtf8(text).length
}
