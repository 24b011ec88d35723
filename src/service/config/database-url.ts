// Where a database can be, for the service and the commands.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { unseen } from '../../token/issuer.ts'

/** Completes the sentence "NAME …" for an address in plain HTTP. */
export const insecure =
  'is http: and not on this machine, so tokens can be read on the way. Use https:, or set INSECURE_HTTP=allow on a private network.'
/** The path of a file, after the part that the client reads as this machine. */
const databaseFile = /^file:(\/\/(localhost)?(?=\/))?(?!\/\/|:memory:)[^?#]*[^?#/]$/i

const folder = /(^file:|[/\\])\.{1,2}$/i
const remote = /^\w+:\/\/[^/\\]/

/**
 * The address of a database, or why the text is not one. The reason completes the sentence "NAME
 * …".
 */
export function parseDatabaseUrl(text: string): Result<string, string> {
  if (unseen.test(text)) return refuse('must be on one line, without invisible characters')
  const url = URL.parse(text)
  if (!url || !['libsql:', 'https:', 'http:', 'file:'].includes(url.protocol)) {
    return refuse('must be a libsql:, https:, http: or (on Deno) file: URL')
  }
  if (url.username || url.password || url.search || url.hash) {
    return refuse(
      'must hold no user, password, query or fragment; the token goes into TURSO_AUTH_TOKEN',
    )
  }
  if (url.protocol !== 'file:' && (!remote.test(text) || url.port === '0')) {
    return refuse('must name a host after //, such as libsql://example.turso.io, and no port 0')
  }
  return url.protocol === 'file:' && !isDatabaseFile(text)
    ? refuse(
        'must name a file, such as file:/var/lib/portcullis/portcullis.db; it cannot be in memory',
      )
    : succeed(text)
}

/**
 * Whether it is a file of this machine: no folder, and nothing that the client takes for a database
 * in memory.
 */
function isDatabaseFile(url: string): boolean {
  try {
    const file = decodeURIComponent(url)
    return databaseFile.test(file) && !folder.test(file) && !unseen.test(file)
  } catch {
    return false
  }
}
