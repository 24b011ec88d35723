// Which clients count as one.

/** An address that the platform could not tell. All such clients count as one. */
export const unknownAddress = 'unknown'

/** Whoever has an IPv6 address mostly has the whole /64 around it. */
const groupsOfNetwork = 4

/**
 * An IPv4 address as it is, also one in IPv6. The first 64 bits of any other IPv6 address, or of as
 * many groups of 16 bits as are given. `unknown` if there is no address.
 */
export function networkOf(address: string | undefined, groups = groupsOfNetwork): string {
  if (address === undefined) return unknownAddress
  const [, v4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (v4 !== undefined || !address.includes(':')) return v4 ?? address
  const [before = [], after] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - before.length - (after?.length ?? 0) }, () => '0')
  const all = after ? [...before, ...zeros, ...after] : before
  const prefix = all.slice(0, groups).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
  return `${prefix.join(':')}::/${16 * groups}`
}
