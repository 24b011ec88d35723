// HTTP load in which connections do not show each other's credentials.

import autocannon from 'autocannon'

/** The connections that `npm run bench` opens to a guard. */
export const connections = 16

export interface Load {
  readonly url: string
  readonly requests: readonly autocannon.Request[]
  readonly seconds: number
}

/**
 * Loads for this time. Each connection has requests of its own, if there are enough. All must
 * succeed.
 */
export async function applyLoad({ url, requests, seconds }: Load): Promise<autocannon.Result> {
  const share = Math.ceil(requests.length / connections)
  let clients = 0
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: requests.slice(0, share),
    setupClient(client) {
      const own = requests.slice(share * clients, share * (clients + 1))
      if (own.length > 0) client.setRequests(own)
      clients += 1
    },
  })
  const failed = result.non2xx + result.errors + result.timeouts
  if (failed > 0) throw new Error(`${url}: ${failed} of ${result.requests.total} failed`)
  return result
}
