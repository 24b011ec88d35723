/**
 * Whether a list has the origin itself, or its form with `https://*.` at the start. The star stands
 * for one whole label. Whole texts are compared, never parts of them.
 */
export function isListedOrigin(origin: string, listed: readonly string[]): boolean {
  const wildcard = origin.replace(/^https:\/\/[a-z0-9_-]+\./, 'https://*.')
  return !origin.includes('*') && (listed.includes(origin) || listed.includes(wildcard))
}
