/** An instant in seconds since 1970, as clients see it: RFC 3339 in UTC. */
export function formatInstant(secondsSince1970: number): string {
  return new Date(secondsSince1970 * 1000).toISOString()
}
