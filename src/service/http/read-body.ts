// A body is read whole before anything else happens, so it has limits of size and time. A client
// that sends half a body must not block a request, or the end of the process.

import type { MiddlewareHandler } from 'hono'
import { type InputReason, type Result, refuse, succeed } from '../../errors/reasons.ts'
import type { Deps } from '../domain/deps.ts'
import { maxBodyBytes } from './json-body.ts'
import { respondRefused } from './respond.ts'
import type { ServiceEnv } from './service-env.ts'

const maxBodySeconds = 10

/**
 * Reads the body of every request, for later use. Refuses a body that is too large or takes too
 * long.
 */
export function readBodyFirst(
  deps: Pick<Deps, 'runtime' | 'settings'>,
): MiddlewareHandler<ServiceEnv> {
  return async function readBodyFirst(c, next) {
    const { body } = c.req.raw
    if (!body) return next()
    if (Number(c.req.header('Content-Length')) > maxBodyBytes) {
      return respondRefused(c, deps, 'body_too_large')
    }
    const read = await readBytes(body.getReader(), deps)
    if (!read.ok) return respondRefused(c, deps, read.error)
    // Hono keeps promises there, despite its types. Its `text` and `json` wait for this one, too.
    c.req.bodyCache.arrayBuffer = Promise.resolve(read.value) as never
    return next()
  }
}

async function readBytes(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  { runtime }: Pick<Deps, 'runtime'>,
): Promise<Result<ArrayBuffer, InputReason>> {
  const end = new AbortController()
  const isLate = runtime.delay(maxBodySeconds * 1_000, end.signal).then(() => undefined)
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), isLate])
      if (!read) return refuse('body_incomplete')
      if (read.done) return succeed(await new Blob(chunks).arrayBuffer())
      size += read.value.length
      if (size > maxBodyBytes) return refuse('body_too_large')
      chunks.push(read.value)
    }
  } catch {
    // The client has hung up, or has sent a body that cannot be read.
    return refuse('body_incomplete')
  } finally {
    end.abort()
    reader.cancel().catch(() => {})
  }
}
