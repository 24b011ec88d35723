// Which clients count as one. Whoever has an IPv6 address mostly has the whole /64 around it.

const unknownNetwork = 'unknown'

/**
 * An IPv4 address as it is, also one in IPv6. The first 64 bits of any other IPv6 address. `unknown`
 * if there is no address: then all clients count as one.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return unknownNetwork
  const [, v4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (v4 !== undefined || !address.includes(':')) return v4 ?? address
  const [before = [], after] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - before.length - (after?.length ?? 0) }, () => '0')
  const groups = after ? [...before, ...zeros, ...after] : before
  const prefix = groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
  return `${prefix.join(':')}::/64`
}
