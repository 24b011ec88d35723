// An invalid body is answered in our own sentences: what was expected, and what came. They never
// contain the validator's words or the value. Every route is tested, from the list of routes.

import type * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { FieldProblem } from '../../../src/errors/reasons.ts'
import { refreshBody } from '../../../src/service/http/token-transport.ts'
import {
  goodRequest,
  type MountedRoute,
  mountedRoutes,
  sendParts,
} from '../../support/route-requests.ts'
import { createTestService, type TestService } from '../../support/service.ts'

const service: TestService = await createTestService({
  OAUTH_CLIENTS: 'api:a-secret-of-the-client-0123456789abcdef',
})

interface Body {
  readonly entries: Readonly<Record<string, v.GenericSchema>>
}

/** The fields of a route's JSON body. */
function fieldsOf({ route }: MountedRoute): [name: string, isRequired: boolean][] {
  const isRefresh = route.credential === 'refresh_token'
  const schema = isRefresh ? refreshBody : route.body?.({ settings: service.config } as never)
  const { entries } = (schema ?? { entries: {} }) as Body
  return Object.entries(entries).map(([name, { type }]) => [name, type !== 'optional'])
}

/** Sends another body instead of the valid one. */
async function send(mounted: MountedRoute, body: string, headers: Record<string, string> = {}) {
  const parts = await goodRequest(mounted, service)
  const changed = { ...parts, headers: { ...parts.headers, ...headers }, body }
  const { status, text } = await sendParts(changed)
  return { status, text, ...JSON.parse(text) }
}

const wrongValues: readonly unknown[] = [
  null,
  47_110_815,
  true,
  '',
  'canary-4711',
  [],
  [null],
  [47_110_815],
  ['canary-4711'],
  {},
  { canary: 'canary-4711' },
]
const takeJson = mountedRoutes.filter((mounted) => fieldsOf(mounted).length > 0)
const takeForm = mountedRoutes.filter(({ route }) => route.credential.startsWith('oauth_client'))

describe.each(takeJson)('$operation', (mounted) => {
  it('names each missing field', async () => {
    const required = fieldsOf(mounted).filter(([, isRequired]) => isRequired)
    const { errors = [] }: { errors?: FieldProblem[] } = await send(mounted, '{}')
    // A rule may ask for one of several fields.
    const missing = errors.filter(({ message }) => /: it is/.test(message))
    expect(missing).toEqual(
      required.map(([field]) => ({
        field,
        message: expect.stringMatching(/^Give .*: it is missing\.$/),
      })),
    )
  })

  it('names the expected type instead of a wrong value', async () => {
    let refused = 0
    for (const value of wrongValues) {
      const fields = fieldsOf(mounted).map(([name]) => [name, value])
      const { errors, text } = await send(mounted, JSON.stringify(Object.fromEntries(fields)))
      expect(text).not.toContain('4711')
      for (const { field, message } of errors ?? []) {
        refused += 1
        expect(field).not.toBe('')
        expectSentence(message)
      }
    }
    expect(refused).toBeGreaterThan(fieldsOf(mounted).length)
  })

  it.each([
    ['a number', 47_110_815, 'it is a number'],
    ['a boolean', [true], 'it is a (list|boolean)'],
    ['an object', {}, 'it is an object'],
    // What may be null is left out.
    ['null', null, 'it is (null|missing)'],
  ])('says that %s came', async (_, value, came) => {
    const named = fieldsOf(mounted).filter(([name]) => value !== null || name !== 'language')
    const fields = named.map(([name]) => [name, value])
    const { errors } = await send(mounted, JSON.stringify(Object.fromEntries(fields)))
    expect(errors.length).toBeGreaterThan(0)
    for (const { message } of errors) expect(message).toMatch(new RegExp(`: ${came}\\.$`))
  })

  it.each([
    ['null', 'The body is JSON, but not an object. Send a JSON object.'],
    ['[{}]', 'The body is JSON, but not an object. Send a JSON object.'],
    ['"canary-4711"', 'The body is JSON, but not an object. Send a JSON object.'],
    ['{"canary-4711', 'The body is not JSON in UTF-8. Send a JSON object.'],
    ['undefined', 'The body is not JSON in UTF-8. Send a JSON object.'],
  ])('says what %s is', async (body, message) => {
    const answer = await send(mounted, body)
    expect(answer).toMatchObject({ status: 'fail', code: 'invalid_json', message })
    expect(answer.text).not.toContain('4711')
  })

  it('names the expected content type', async () => {
    const { message } = await send(mounted, '{}', { 'Content-Type': 'text/plain' })
    expect(message).toBe(
      'The Content-Type is missing or not JSON. Send Content-Type: application/json.',
    )
  })
})

describe.each(takeJson.filter(({ route }) => !route.isBodyOptional))('$operation', (mounted) => {
  it('says that the body is empty', async () => {
    const { message } = await send(mounted, '')
    expect(message).toBe('The body is empty. Send a JSON object.')
  })
})

describe.each(takeForm)('$operation', (mounted) => {
  it.each([
    ['nothing', '', {}],
    ['an empty token', 'token=', {}],
    ['two tokens', 'token=canary-4711&token=canary-4711', {}],
    ['a list of tokens', 'token[]=canary-4711', {}],
    ['another field', 'nothing=canary-4711', {}],
    ['JSON', '{"token":"canary-4711"}', { 'Content-Type': 'application/json' }],
    ['null', 'null', {}],
  ])('names what was expected instead of %s', async (_, body, headers) => {
    const { error, error_description: description, text } = await send(mounted, body, headers)
    expect(error).toBe('invalid_request')
    expect(text).not.toContain('4711')
    expectSentence(description)
  })
})

describe('the routes with a body', () => {
  it('are all tested', () => {
    const posts = mountedRoutes.filter(({ route }) => route.method === 'POST')
    const others = posts.filter((one) => !takeJson.includes(one) && !takeForm.includes(one))
    expect(others.map(({ route }) => route.name)).toEqual(['requestVerification', 'logout'])
  })
})

function expectSentence(text: string): void {
  expect(text).toMatch(/^[A-Z][^{}"]+\.$/)
  expect(text).not.toMatch(/invalid|expected|received|undefined/i)
}
