// Where a database can be, for the service and the commands.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'

/** Completes "NAME …", for an address in plain HTTP. */
export const insecure =
  'is http: and not on this machine, so tokens can be read on the way. Use https:, or set INSECURE_HTTP=allow in a network of your own.'
/** The path of a file, after what the client reads as this machine. */
const databaseFile = /^file:(\/\/(localhost)?(?=\/))?(?!\/\/|:memory:)[^?#]*[^?#/]$/i

/** The address of a database, or why it is none, to complete the sentence "NAME …". */
export function parseDatabaseUrl(text: string): Result<string, string> {
  if (/\p{Cc}/u.test(text)) return refuse('must be on one line')
  const url = URL.parse(text)
  if (!url || !['libsql:', 'https:', 'http:', 'file:'].includes(url.protocol)) {
    return refuse('must be a libsql:, https:, http: or (on Deno) file: URL')
  }
  if (url.username || url.password || url.search || url.hash) {
    return refuse(
      'must hold no user, password, query or fragment; the token goes into TURSO_AUTH_TOKEN',
    )
  }
  return url.protocol === 'file:' && !isDatabaseFile(text)
    ? refuse('must name a file, such as file:/var/lib/portcullis/portcullis.db; none is in memory')
    : succeed(text)
}

/** No folder, no other machine's, and not what the client takes for a database in memory. */
function isDatabaseFile(url: string): boolean {
  try {
    return databaseFile.test(decodeURIComponent(url))
  } catch {
    return false
  }
}
