/** The UTF-8 bytes of a text. They have a buffer of their own: some platforms' types do not say so. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
  return encodeUtf8(text).length
}
