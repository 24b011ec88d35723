import { describe, expect, it } from 'vitest'
import { goodCookieRequest, mountedRoutes, sendParts } from '../../support/route-requests.ts'

const variables = { CORS_ORIGINS: 'https://app.example.com' }
const issuer = 'https://auth.example.com'
const app = 'https://app.example.com'

/** The headers of browsers on requests of other sites. */
const fromElsewhere: readonly Record<string, string>[] = [
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'https://evil.example.com', 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'https://evil.example' },
  { Origin: `${app}.evil.example` },
  { Origin: 'http://auth.example.com' },
  { Origin: 'null' },
  { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' },
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'none' },
  { Origin: '' },
  { Origin: '', 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
]
/** The headers on requests of our pages. Without either header, it is no browser. */
const fromOurs: readonly Record<string, string>[] = [
  { Origin: issuer },
  { Origin: issuer, 'Sec-Fetch-Site': 'same-origin' },
  { Origin: app, 'Sec-Fetch-Site': 'same-site' },
  { Origin: app, 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-origin' },
  {},
]

const under = mountedRoutes.filter(({ family }) => family.isSameSiteOnly)
const changing = under.filter(({ route }) => route.method !== 'GET')
const reading = under.filter(({ route }) => route.method === 'GET')
const codeOf = ({ text }: { text: string }) => JSON.parse(text).code

describe.each(changing)('$operation, where tokens travel in cookies,', (mounted) => {
  it('refuses requests of a page of another origin, also as JSON', async () => {
    const parts = await goodCookieRequest(mounted, variables)
    for (const said of fromElsewhere) {
      const answer = await sendParts({ ...parts, headers: { ...parts.headers, ...said } })
      expect([said, answer.status, codeOf(answer)]).toEqual([said, 403, 'cross_site_request'])
      expect([said, answer.headers.getSetCookie()]).toEqual([said, []])
    }
    // None of that has changed anything.
    expect((await sendParts(parts)).status).toBe(mounted.route.success)
  })

  it('answers requests of our own pages', async () => {
    for (const said of fromOurs) {
      const parts = await goodCookieRequest(mounted, variables)
      const answer = await sendParts({ ...parts, headers: { ...parts.headers, ...said } })
      expect([said, answer.status]).toEqual([said, mounted.route.success])
    }
  })
})

describe.each(under)('the path of $operation, where tokens travel in cookies,', (mounted) => {
  it.each(['PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND'])(
    'is closed to %s from another origin',
    async (method) => {
      const { body: _, ...parts } = await goodCookieRequest(mounted, variables)
      for (const said of fromElsewhere) {
        const headers = { ...parts.headers, ...said }
        const answer = await sendParts({ ...parts, method, headers })
        expect([said, answer.status, codeOf(answer)]).toEqual([said, 403, 'cross_site_request'])
      }
    },
  )
})

describe.each(reading)('$operation, which changes nothing,', (mounted) => {
  it('answers every sender', async () => {
    const parts = await goodCookieRequest(mounted, variables)
    for (const said of [...fromElsewhere, ...fromOurs]) {
      const answer = await sendParts({ ...parts, headers: { ...parts.headers, ...said } })
      expect([said, answer.status]).toEqual([said, mounted.route.success])
    }
  })
})
