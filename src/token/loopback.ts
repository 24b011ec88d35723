// Which hosts are this machine. Plain HTTP to them crosses no network.

/**
 * Whether a host is this machine: `localhost` and its subdomains (RFC 6761 §6.3), 127.0.0.0/8, and
 * `[::1]`. Takes the `hostname` of a parsed URL, which has one spelling of an address.
 */
export function isLoopbackHost(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}

/** Whether a URL is plain HTTP to another machine. Anybody on the way can read and change that. */
export function isInsecureUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed?.protocol === 'http:' && !isLoopbackHost(parsed.hostname)
}
