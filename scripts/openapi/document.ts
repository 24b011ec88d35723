// Composes the OpenAPI document (3.1) from the routes, the catalogue of refusals and the prose. Nothing
// of it runs in the service, which serves the finished text.

import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { version } from '../../src/service/config/version.ts'
import type { Deps } from '../../src/service/domain/deps.ts'
import type { Credential } from '../../src/service/http/credentials.ts'
import { refusalsOf } from '../../src/service/http/refusals-of-route.ts'
import type { Answer, Route, RouteFamily } from '../../src/service/http/route.ts'
import { refreshBody } from '../../src/service/http/token-transport.ts'
import * as answers from '../../src/service/routes/answers.ts'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import {
  fixedSchemas,
  formBody,
  headers,
  info,
  parameters,
  securitySchemes,
  tags,
} from './components.ts'
import { prose, type RouteName } from './prose.ts'
import { refusalResponses } from './refusals.ts'

/** Of schemas that depend on settings: the defaults. */
const defaults = { settings: { passwordMinLength: 8 } } as Deps

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
      schemas: { ...fixedSchemas, ...answerSchemas() },
    },
  })
}

/** `/auth/sessions/{id}` for `/auth/sessions/:id`. */
export function documentedPath(family: RouteFamily, route: Route): string {
  return `${family.path}${route.path}`.replaceAll(/:(\w+)/g, '{$1}')
}

function operationAt(family: RouteFamily, route: Route) {
  const words = prose[route.name as RouteName]
  const operation = {
    operationId: route.name,
    tags: [words.tag],
    summary: words.summary,
    ...(words.description && { description: words.description }),
    security: security[route.credential],
    ...(parametersOf(route).length > 0 && { parameters: parametersOf(route) }),
    ...requestOf(route),
    responses: {
      ...successesOf(route),
      ...refusalResponses(refusalsOf(route, family), {
        form: family.refusalForm ?? 'envelope',
        mayExpireCookies: route.credential === 'session_tokens',
      }),
    },
  }
  return {
    [route.method.toLowerCase()]: operation,
    // It stands at the root of the host, whatever the issuer's path.
    ...(route.isAtHost && { servers: [{ url: '/' }] }),
  }
}

/** Credential → the ways to present it. `{}` is none: a token in the body, or no client. */
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
  const words = prose[route.name as RouteName].parameters ?? {}
  const inPath = (name: string) => route.path.includes(`:${name}`)
  const named = Object.entries(words).map(([name, description]) => ({
    name,
    in: inPath(name) ? 'path' : 'query',
    required: inPath(name),
    description,
    schema: { type: 'string' },
  }))
  return [...named, ...(route.hasEtag ? [{ $ref: '#/components/parameters/If-None-Match' }] : [])]
}

function requestOf(route: Route) {
  const { request } = prose[route.name as RouteName]
  if (route.credential.startsWith('oauth_client')) return { requestBody: formBody(request) }
  const schema = route.credential === 'refresh_token' ? refreshBody : route.body?.(defaults)
  if (!schema) return {}
  const isRequired = !route.isBodyOptional && route.credential !== 'refresh_token'
  return {
    requestBody: {
      required: isRequired,
      content: { 'application/json': { schema: jsonSchema(schema), example: request } },
    },
  }
}

function successesOf(route: Route) {
  const { answer } = prose[route.name as RouteName]
  const successes = Object.entries(route.answers).map(([status, schema]) => [
    status,
    {
      description: status === '201' ? 'Made.' : 'Done.',
      headers: successHeaders(route, schema),
      ...(schema === 'empty' ? {} : { content: contentOf(route, schema, answer) }),
    },
  ])
  const unchanged = { description: 'Not changed.', headers: successHeaders(route, 'empty') }
  return { ...Object.fromEntries(successes), ...(route.hasEtag && { 304: unchanged }) }
}

function successHeaders(route: Route, answer: Answer) {
  const hasTokens = answer === answers.tokens || answer === answers.messageOrTokens
  const names = ['X-Request-Id', 'Cache-Control', ...(route.hasEtag ? ['ETag'] : [])]
  if (hasTokens || route.credential === 'session_tokens' || route.name === 'endSession') {
    names.push('Set-Cookie')
  }
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function contentOf(route: Route, answer: Exclude<Answer, 'empty'>, example: unknown) {
  if (answer === 'text/plain') return { 'text/plain': { schema: { type: 'string' }, example } }
  const mediaType = route.name === 'keySet' ? 'application/jwk-set+json' : 'application/json'
  return { [mediaType]: { schema: { $ref: `#/components/schemas/${nameOf(answer)}` }, example } }
}

function answerSchemas() {
  return Object.fromEntries(
    Object.values(answers)
      .map((schema) => [nameOf(schema), jsonSchema(schema)] as const)
      .sort(([one], [other]) => one.localeCompare(other)),
  )
}

function nameOf(schema: GenericSchema): string {
  const [name = ''] = Object.entries(answers).find(([, known]) => known === schema) ?? []
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** What JSON Schema cannot say (normal forms, code points) is in the descriptions. */
function jsonSchema(schema: GenericSchema): object {
  const { $schema: _, ...described } = toJsonSchema(schema, {
    errorMode: 'ignore',
    typeMode: 'input',
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'loose_object'
        ? { ...jsonSchema, additionalProperties: true }
        : undefined,
  })
  return described
}

interface Operation {
  readonly responses: Record<string, { readonly description: string }>
}

/** A refusal is written once, and referred to from every route that gives it. */
function withSharedResponses<
  D extends { readonly paths: Record<string, Record<string, object>>; readonly components: object },
>(document: D) {
  const shared = new SharedResponses()
  for (const item of Object.values(document.paths)) {
    for (const operation of Object.values(item) as Operation[]) {
      if (operation.responses) Object.assign(operation.responses, shared.refer(operation.responses))
    }
  }
  return { ...document, components: { ...document.components, responses: shared.byName } }
}

class SharedResponses {
  readonly byName: Record<string, object> = {}
  readonly #names = new Map<string, string>()

  /** The same responses, with references in the place of refusals. */
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
    const wanted = `${status}.${words.slice(0, 60)}`
    const name = wanted in this.byName ? `${wanted}.${this.#names.size}` : wanted
    this.#names.set(text, name)
    this.byName[name] = response
    return name
  }
}
