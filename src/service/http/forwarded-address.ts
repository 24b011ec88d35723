// Which address a request came from, behind proxies that the operator knows. Each proxy adds the
// address that called it on the right. Everything further left is the client's own claim.

/**
 * The address of the client. Without trusted proxies it is `peer`, and no header counts. With n of
 * them it is the n-th from the right in `Forwarded` (RFC 7239) or `X-Forwarded-For`. Undefined if
 * the chain is too short, or malformed from there on. Also undefined if the two headers disagree. A
 * proxy may write one of them, and pass on the other as the client has sent it.
 */
export function forwardedAddress(
  headers: Headers,
  peer: string,
  trustedProxies: number,
): string | undefined {
  // A server that listens on IPv6 sees IPv4 clients as `::ffff:…`.
  if (trustedProxies === 0) return parseNode(peer) ?? peer
  const chains = [
    { text: headers.get('Forwarded'), parse: parseForwarded },
    { text: headers.get('X-Forwarded-For'), parse: parseNode },
  ]
  const addresses = chains.flatMap(({ text, parse }) =>
    text === null ? [] : [addressIn(text, trustedProxies, parse)],
  )
  return addresses.every((address) => address === addresses[0]) ? addresses[0] : undefined
}

/**
 * For a service that trusts no proxy because nothing says whether there is one. Returns a function
 * for the headers of each request. It writes one line when the first of them names a proxy: all
 * clients may then count as one address. A client can send these headers, too, so it is a hint.
 */
export function createProxyHint(log: (line: string) => void): (headers: Headers) => void {
  let isGiven = false
  return (headers) => {
    if (isGiven || !(headers.has('Forwarded') || headers.has('X-Forwarded-For'))) return
    isGiven = true
    log(JSON.stringify({ event: 'proxy_not_trusted', problem: proxyNotTrusted }))
  }
}

const proxyNotTrusted =
  'A request has the header Forwarded or X-Forwarded-For, and TRUSTED_PROXIES is not set. If a proxy is in front, all clients behind it count as one address. Set TRUSTED_PROXIES to the number of your proxies, or to 0 if there is none.'

/** Splits at commas in quotes, too: no address has a comma, so such an element is malformed. */
function addressIn(
  chain: string,
  trustedProxies: number,
  parse: (element: string) => string | undefined,
): string | undefined {
  const elements = chain.split(',')
  if (elements.length < trustedProxies) return undefined
  const addresses = elements.slice(-trustedProxies).map((element) => parse(element.trim()))
  return addresses.includes(undefined) ? undefined : addresses[0]
}

const forwardedPair = /^([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)")$/

/**
 * The address of an element such as `for="[2001:db8::1]:80";proto=https`. There must be exactly one
 * `for`.
 */
function parseForwarded(element: string): string | undefined {
  const pairs = element.split(';').map((pair) => forwardedPair.exec(pair.trim()))
  if (pairs.includes(null)) return undefined
  const [named, ...others] = pairs.filter((pair) => pair?.[1]?.toLowerCase() === 'for')
  if (!named || others.length > 0) return undefined
  const node = named[2] ?? named[3] ?? ''
  // An IPv6 address without brackets is malformed here (RFC 7239 §6).
  return /:.*:/.test(node) && !node.startsWith('[') ? undefined : parseNode(node)
}

/** An IPv4 or IPv6 address without its port, in its usual spelling. */
function parseNode(node: string): string | undefined {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(node) ?? []
  const v6 = bracketed ?? (v4 === undefined ? node : undefined)
  if (v6 === undefined) return URL.parse(`http://${v4}`)?.hostname === v4 ? v4 : undefined
  if (!/^[\da-f:.]+$/i.test(v6)) return undefined
  const address = URL.parse(`http://[${v6}]`)?.hostname.slice(1, -1)
  // An IPv4 address in IPv6 (RFC 4291 §2.5.5.2) has many spellings. All of them become the IPv4
  // address.
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(address ?? '') ?? []
  if (!high || !low) return address
  const bytes = [high, low].flatMap((hex) => [Number(`0x${hex}`) >> 8, Number(`0x${hex}`) & 255])
  return bytes.join('.')
}
