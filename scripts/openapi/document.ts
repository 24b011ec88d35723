// Composes the OpenAPI document (3.1) from the routes, the catalogue of refusals and the prose.
// None of this runs in the service, which serves the finished text.

import { createHash } from 'node:crypto'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { version } from '../../src/service/config/version.ts'
import type { Deps } from '../../src/service/domain/deps.ts'
import type { Credential } from '../../src/service/http/credentials.ts'
import type { QueryNumber } from '../../src/service/http/query-numbers.ts'
import { refusalsOf } from '../../src/service/http/refusals-of-route.ts'
import type { Route, RouteFamily } from '../../src/service/http/route.ts'
import { refreshBody } from '../../src/service/http/token-transport.ts'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import { type Answer, answerOf, answerSchemas, mayCarryTokens } from './answers.ts'
import {
  fixedSchemas,
  formBody,
  headers,
  info,
  parameters,
  securitySchemes,
  tags,
} from './components.ts'
import { prose, type RouteName, type RouteProse } from './prose.ts'
import { refusalResponses } from './refusals.ts'

/** The default settings, for schemas that depend on settings. */
const defaults = { settings: { emailDomains: 'public' } } as Deps

/** The whole document. */
export function composeOpenApi() {
  const families: readonly RouteFamily[] = routeFamilies
  const paths: Record<string, Record<string, object>> = {}
  for (const family of families) {
    for (const route of family.routes) {
      const path = documentedPath(family, route)
      paths[path] = { ...paths[path], ...operationAt(family, route) }
    }
  }
  return withSharedResponses({
    openapi: '3.1.1',
    info: { ...info, version },
    servers: [{ url: './', description: 'The service that serves this document.' }],
    tags,
    paths,
    components: {
      securitySchemes,
      headers,
      parameters,
      schemas: { ...fixedSchemas, ...documentedSchemas() },
    },
  })
}

/** `/auth/sessions/{id}` for `/auth/sessions/:id`. */
export function documentedPath(family: RouteFamily, route: Route): string {
  return `${family.path}${route.path}`.replaceAll(/:(\w+)/g, '{$1}')
}

function operationAt(family: RouteFamily, route: Route) {
  const words = proseOf(route)
  const operation = {
    operationId: route.name,
    tags: [words.tag],
    summary: words.summary,
    ...(words.description && { description: words.description }),
    security: security[route.credential],
    ...(parametersOf(route).length > 0 && { parameters: parametersOf(route) }),
    ...requestOf(family, route),
    responses: withAccepted(words, {
      ...successesOf(route),
      ...refusalResponses(refusalsOf(route, family), {
        form: family.refusalForm ?? 'envelope',
        mayExpireCookies: route.credential === 'session_tokens',
      }),
    }),
  }
  return { [route.method.toLowerCase()]: operation }
}

/** @throws Error with the route's name, where its prose is missing */
export function proseOf(route: Route): RouteProse {
  const words = prose[route.name as RouteName]
  if (words) return words
  throw new Error(`scripts/openapi/prose.ts has no words for the route ${route.name}: add them.`)
}

/**
 * Credential → the ways to present it. `{}` is none: the token is in the body, or there is no
 * client.
 */
const security: Readonly<Record<Credential, readonly object[]>> = {
  none: [],
  access_token: [{ accessToken: [] }, { accessCookie: [] }],
  session_tokens: [
    { accessToken: [] },
    { accessCookie: [] },
    { refreshCookie: [], accessCookie: [] },
  ],
  refresh_token: [{}, { refreshCookie: [], accessCookie: [] }],
  oauth_client: [{ client: [] }, {}],
  oauth_client_if_any: [{}, { client: [] }],
}

function parametersOf(route: Route) {
  const words = proseOf(route).parameters ?? {}
  const inPath = (name: string) => route.path.includes(`:${name}`)
  const named = Object.entries(words).map(([name, description]) => ({
    name,
    in: inPath(name) ? 'path' : 'query',
    required: inPath(name),
    description,
    schema: schemaOfParameter(route.query?.[name]),
  }))
  return [...named, ...(route.hasEtag ? [{ $ref: '#/components/parameters/If-None-Match' }] : [])]
}

/** Only numbers of a query are checked by the service. */
function schemaOfParameter(range: QueryNumber | undefined): object {
  if (!range) return { type: 'string' }
  const { least: minimum, most } = range
  return { type: 'integer', minimum, ...(most !== undefined && { maximum: most }) }
}

function requestOf(family: RouteFamily, route: Route) {
  const { request, members } = proseOf(route)
  if (route.credential.startsWith('oauth_client')) return { requestBody: formBody(request) }
  const schema = route.credential === 'refresh_token' ? refreshBody : route.body?.(defaults)
  if (!schema) return bodilessRequestOf(family, route)
  const isRequired = !route.isBodyOptional && route.credential !== 'refresh_token'
  const described = withDescriptions(jsonSchema(schema), members)
  return {
    requestBody: {
      required: isRequired,
      content: { 'application/json': { schema: described, example: request } },
    },
  }
}

/** Where tokens travel in cookies, a POST must have the media type JSON, even without a body. */
function bodilessRequestOf({ isSameSiteOnly }: RouteFamily, { method }: Route) {
  if (!isSameSiteOnly || method !== 'POST') return {}
  const content = { 'application/json': { schema: { type: 'object' }, example: {} } }
  return { requestBody: { required: false, content } }
}

/** Adds in words what JSON Schema cannot say about a member. */
function withDescriptions(schema: JsonSchema, words: RouteProse['members'] = {}): object {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    { ...property, ...(words[name] && { description: words[name] }) },
  ])
  return { ...schema, properties: Object.fromEntries(properties) }
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, object>>
}

function successesOf(route: Route) {
  const schema = answerOf[route.name as RouteName]
  const success = {
    description: route.success === 201 ? 'Made.' : 'Done.',
    headers: successHeaders(route, schema),
    ...(schema !== 'empty' && { content: contentOf(route, schema) }),
  }
  const unchanged = { description: 'Not changed.', headers: successHeaders(route, 'empty') }
  return { [route.success]: success, ...(route.hasEtag && { 304: unchanged }) }
}

/** Adds the success that is done by mail. In the classic contract, 202 is also a refusal. */
function withAccepted({ accepted }: RouteProse, responses: Readonly<Record<string, object>>) {
  if (!accepted) return responses
  const refused = responses[202] as RefusedResponse | undefined
  if (!refused) throw new Error('The status 202 is expected to be a refusal as well.')
  const { schema, examples } = refused.content['application/json']
  const success = { $ref: '#/components/schemas/MessageAndHandle' }
  const content = {
    schema: { oneOf: [success, schema] },
    examples: { accepted: { value: accepted }, ...examples },
  }
  const description = `Goes on by mail, or ${refused.description}`
  return {
    ...responses,
    202: { ...refused, description, content: { 'application/json': content } },
  }
}

interface RefusedResponse {
  readonly description: string
  readonly content: {
    readonly 'application/json': { readonly schema: object; readonly examples: object }
  }
}

function successHeaders(route: Route, answer: Answer) {
  const mayExpireCookies =
    route.credential === 'session_tokens' || /^(endSession|deleteAccount)$/.test(route.name)
  const setsCookies = mayCarryTokens(answer) || mayExpireCookies
  const names = [
    ...['X-Request-Id', 'Cache-Control'],
    ...(route.hasEtag ? ['ETag'] : []),
    ...(setsCookies ? ['Set-Cookie'] : []),
  ]
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function contentOf(route: Route, answer: Exclude<Answer, 'empty'>) {
  const example = proseOf(route).answer
  if (answer === 'text/plain') return { 'text/plain': { schema: { type: 'string' }, example } }
  const mediaType = route.name === 'keySet' ? 'application/jwk-set+json' : 'application/json'
  const [name] = Object.entries(answerSchemas).find(([, known]) => known === answer) ?? []
  if (!name) throw new Error(`answerSchemas in answers.ts lacks the answer of ${route.name}.`)
  return { [mediaType]: { schema: { $ref: `#/components/schemas/${name}` }, example } }
}

function documentedSchemas() {
  return Object.fromEntries(
    Object.entries(answerSchemas).map(([name, schema]) => [name, jsonSchema(schema)]),
  )
}

/** The descriptions say what JSON Schema cannot: normal forms, code points. */
function jsonSchema(schema: GenericSchema): JsonSchema {
  const { $schema: _, ...described } = toJsonSchema(schema, {
    errorMode: 'ignore',
    typeMode: 'input',
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'loose_object'
        ? { ...jsonSchema, additionalProperties: true }
        : undefined,
  })
  return described as JsonSchema
}

interface Operation {
  readonly responses: Record<string, { readonly description: string }>
}

/** Each refusal is written once, and every route that gives it refers to it. */
function withSharedResponses<
  D extends { readonly paths: Record<string, Record<string, object>>; readonly components: object },
>(document: D) {
  const shared = new SharedResponses()
  for (const item of Object.values(document.paths)) {
    for (const operation of Object.values(item) as Operation[]) {
      Object.assign(operation.responses, shared.refer(operation.responses))
    }
  }
  return { ...document, components: { ...document.components, responses: shared.byName } }
}

class SharedResponses {
  readonly byName: Record<string, object> = {}
  readonly #names = new Map<string, string>()

  /** The same responses, with references instead of refusals. */
  refer(responses: Operation['responses']): Record<string, object> {
    return Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        Number(status) < 202
          ? response
          : { $ref: `#/components/responses/${this.#nameOf(status, response)}` },
      ]),
    )
  }

  #nameOf(status: string, response: { readonly description: string }): string {
    const text = JSON.stringify(response)
    const known = this.#names.get(text)
    if (known) return known
    const words = response.description.replaceAll(/[^\w]+/g, '_').replaceAll(/^_|_$/g, '')
    // For the same codes with other sentences or headers. The hash keeps their names stable.
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 6)
    const wanted = `${status}.${words}`
    const name = wanted in this.byName ? `${wanted}.${hash}` : wanted
    this.#names.set(text, name)
    this.byName[name] = response
    return name
  }
}
