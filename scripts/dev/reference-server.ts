// The API reference on a port of its own, for a development command whose runtime serves no files.

import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { referenceFiles, referenceHeaders } from '../reference/write-reference.ts'

export interface ReferenceServer {
  /** The address of the page. */
  readonly url: string
  close(): void
}

/** Serves the files of `writeReference` in `folder`, on a free port of this machine. */
export async function serveReference(folder: string): Promise<ReferenceServer> {
  const server = createServer(answerFrom(folder))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${port}/docs/`, close }
}

/** Reads only files that `referenceFiles` names, whatever the path. */
function answerFrom(folder: string): RequestListener {
  return ({ url = '/', method = '' }, answer) => {
    const [path = '/'] = url.split('?')
    const name = path === '/docs/' ? 'index.html' : path.replace(/^\/docs\//, '')
    const type = Object.hasOwn(referenceFiles, name) ? referenceFiles[name] : undefined
    if (path === '/docs' || path === '/') return answer.writeHead(307, { Location: '/docs/' }).end()
    if (!type) return answer.writeHead(404).end()
    if (method !== 'GET' && method !== 'HEAD') {
      return answer.writeHead(405, { Allow: 'GET, HEAD' }).end()
    }
    const content = readFileSync(join(folder, 'docs', name))
    return answer.writeHead(200, { ...referenceHeaders, 'Content-Type': type }).end(content)
  }
}
