// The document and the service agree. Each route is provoked for every reason that it can give, in
// both contracts, and every answer is compared with the document. A documented answer that no
// request gets is an error as well.

import { createExecutionContext } from 'cloudflare:test'
import { describe, expect, inject, it } from 'vitest'
import type { Reason } from '../../../src/errors/reasons.ts'
import { systemRuntime } from '../../../src/runtime/runtime.ts'
import { refusalsOf } from '../../../src/service/http/refusals-of-route.ts'
import { openRemoteDatabase } from '../../../src/service/store/remote-database.ts'
import { insertLastingRevocation } from '../../../src/service/store/revoked-tokens.ts'
import { keyRevocationId } from '../../../src/token/access-token.ts'
import { generateKeyPair } from '../../../src/token/key-pair.ts'
import worker from '../../../src/worker.ts'
import {
  type ContractName,
  documentedAnswers,
  documentedHeaders,
  documentedOperations,
  documentedRequest,
  headersHeard,
  matchDocument,
  type RealAnswer,
} from '../../support/openapi.ts'
import {
  createService,
  goodCookieRequest,
  goodRequest,
  type MountedRoute,
  mountedRoutes,
  provocations,
  type RequestParts,
  sendParts,
} from '../../support/route-requests.ts'
import { database, testEntry } from '../../support/service.ts'

const contracts: readonly ContractName[] = ['classic', 'standard']

describe.each(contracts)('in the %s contract', (contract) => {
  const variables = { HTTP_CONTRACT: contract }

  it.each(mountedRoutes)(
    '$operation gives every answer of the document, and no other',
    async (mounted) => {
      const { operation, family, route } = mounted
      const heard = { answers: new Set<string>(), headers: new Set<string>() }
      const hold = async (answering: Promise<RealAnswer>) => {
        const answer = await answering
        heard.answers.add(matchDocument(operation, contract, answer))
        for (const header of headersHeard(answer)) heard.headers.add(header)
      }
      await hold(succeed(await goodRequest(mounted, await createService(variables))))
      await hold(succeed(await goodCookieRequest(mounted, variables)))
      if (route.name === 'register') {
        const service = await createService({ ...variables, REGISTRATION: 'neutral' })
        await hold(sendParts(await goodRequest(mounted, service)))
      }
      if (route.hasEtag) await hold(askAgain(mounted, variables))
      for (const reason of refusalsOf(route, family)) {
        await hold(provoke(mounted, reason, variables))
      }
      if (route.credential === 'session_tokens') {
        await hold(sendWithCookie(mounted, variables, ''))
        await hold(sendWithCookie(mounted, variables, '__Host-access_token=a.b'))
      }
      expect([...heard.answers].sort()).toEqual(documentedAnswers(operation, contract).sort())
      expect([...heard.headers].sort()).toEqual(
        documentedHeaders(operation)
          .filter((header) => isHeard(header, operation, contract))
          .sort(),
      )
    },
  )
})

describe('a request', () => {
  it.each(mountedRoutes)('of $operation matches the document', async (mounted) => {
    const { schemes, mediaTypes, isBodyRequired } = documentedRequest(mounted.operation)
    const { headers, body } = await goodRequest(mounted, await createService({}))
    const scheme = headers.Authorization?.split(' ')[0]
    expect(scheme === 'Bearer').toBe(schemes.has('accessToken'))
    expect(scheme === 'Basic').toBe(schemes.has('client'))
    const mediaType = headers['Content-Type']
    expect(mediaTypes).toEqual(mediaType === undefined ? [] : [mediaType])
    if (isBodyRequired) expect(body).toBeDefined()
    const cookies = (await goodCookieRequest(mounted, {})).headers.Cookie
    const takesCookies = schemes.has('accessCookie') || schemes.has('refreshCookie')
    if (takesCookies) expect(cookies).toBeDefined()
    const isTokenless = mounted.route.credential === 'none'
    expect(takesCookies).toBe(!isTokenless && !schemes.has('client'))
  })
})

describe('the document', () => {
  it('names every route, and nothing else', () => {
    expect(documentedOperations().sort()).toEqual(
      mountedRoutes.map(({ operation }) => operation).sort(),
    )
  })
})

/** Whether an answer can occur in this contract: some statuses belong to the other one only. */
function isHeard(header: string, operation: string, contract: ContractName): boolean {
  // In the standard contract, logging out without a token is answered 401.
  if (header === '403 Set-Cookie') return contract === 'classic'
  const status = header.split(' ')[0] ?? ''
  return documentedAnswers(operation, contract).some((answer) => answer.startsWith(status))
}

async function sendWithCookie(
  mounted: MountedRoute,
  variables: Record<string, string>,
  Cookie: string,
) {
  const parts = await goodCookieRequest(mounted, variables)
  return sendParts({ ...parts, headers: { ...parts.headers, Cookie } })
}

async function succeed(parts: RequestParts) {
  const answer = await sendParts(parts)
  expect(answer.status, answer.text).toBeLessThan(202)
  return answer
}

async function askAgain(mounted: MountedRoute, variables: Record<string, string>) {
  const parts = await goodRequest(mounted, await createService(variables))
  const etag = (await sendParts(parts)).headers.get('ETag') ?? ''
  return sendParts({ ...parts, headers: { 'If-None-Match': etag } })
}

async function provoke(mounted: MountedRoute, reason: Reason, variables: Record<string, string>) {
  if (reason === 'misconfigured') return askMisconfigured(mounted)
  const service = await serviceFor(reason, variables)
  const parts = await goodRequest(mounted, await createService(variables))
  if (service) return sendParts({ ...parts, service })
  const change = provocations[reason]
  if (!change) throw new Error(`Nobody knows how to provoke ${reason}`)
  return sendParts(await change({ ...parts }, variables))
}

/** A service for `GET /ready`, whose database or key is unusable. */
async function serviceFor(reason: Reason, variables: Record<string, string>) {
  const over = (url: string) => createService(variables, openRemoteDatabase({ url }))
  if (reason === 'schema_outdated') return over(inject('emptyDatabaseUrl'))
  if (reason === 'schema_too_new') return over(inject('futureDatabaseUrl'))
  if (reason !== 'signing_key_revoked') return undefined
  const key = { ...(await generateKeyPair('ES256', systemRuntime)), state: 'active' }
  await insertLastingRevocation(database, await keyRevocationId(key.kid), testEntry, '')
  return createService({ ...variables, SIGNING_KEYS: JSON.stringify({ keys: [key] }) })
}

async function askMisconfigured({ operation }: MountedRoute) {
  const [method = '', path = ''] = operation.split(' ')
  const request = new Request(`https://auth.example.com${path}`, { method })
  const answer = await worker.fetch(request as never, {} as never, createExecutionContext())
  return { status: answer.status, headers: answer.headers as Headers, text: await answer.text() }
}
