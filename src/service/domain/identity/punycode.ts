// Decodes Punycode (RFC 3492 §6.2). Platforms can encode it (`URL`), but not all of them can decode
// it.

const base = 36
const initialBias = 72
const firstBias = 700
const laterBias = 2
const maxCodePoint = 0x10_ffff

/**
 * The text behind a label of a domain. The label comes lower-cased and without its `xn--`.
 * Undefined if there is none. The caller must encode the text again, to check that it gives this
 * label.
 */
export function decodePunycode(label: string): string | undefined {
  const basicEnd = label.lastIndexOf('-')
  const text = Array.from(label.slice(0, Math.max(0, basicEnd)))
  let next = basicEnd + 1
  let codePoint = 128
  let place = 0
  let bias = initialBias
  while (next < label.length) {
    const before = place
    let weight = 1
    for (let step = base; ; step += base) {
      // The letters are 0 to 25, the digits 26 to 35.
      const digit = (Number.parseInt(label.charAt(next), base) + 26) % base
      if (Number.isNaN(digit)) return undefined
      next += 1
      place += digit * weight
      const threshold = Math.min(26, Math.max(1, step - bias))
      if (digit < threshold) break
      weight *= base - threshold
    }
    const length = text.length + 1
    bias = adaptBias(place - before, length, before === 0)
    codePoint += Math.floor(place / length)
    if (codePoint > maxCodePoint) return undefined
    place %= length
    text.splice(place, 0, String.fromCodePoint(codePoint))
    place += 1
  }
  return text.join('')
}

/** RFC 3492 §6.1. */
function adaptBias(distance: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(distance / (isFirst ? firstBias : laterBias))
  rest += Math.floor(rest / length)
  let bias = 0
  for (; rest > 455; bias += base) rest = Math.floor(rest / 35)
  return bias + Math.floor((base * rest) / (rest + 38))
}
