// Compares real answers with openapi.json: an answer that is not in the document is an error.

import { type Schema, Validator } from '@cfworker/json-schema'
import document from '../../openapi.json' with { type: 'json' }

/** An answer as it came over HTTP, or from the app. */
export interface RealAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The two contracts of HTTP_CONTRACT. */
export type ContractName = 'classic' | 'standard'

interface Example {
  readonly value: { readonly [member: string]: unknown }
  readonly 'x-contract'?: ContractName
}

interface Content {
  readonly schema: Schema
  readonly examples?: Readonly<Record<string, Example>>
  readonly example?: Example['value']
}

interface Response {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Content>>
}

interface Operation {
  readonly responses: Readonly<Record<string, Response | { $ref: string }>>
  readonly security: readonly Readonly<Record<string, unknown>>[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, unknown>>
  }
}

const paths = document.paths as unknown as Readonly<
  Record<string, Readonly<Record<string, Operation>>>
>
const sharedResponses = document.components.responses as unknown as Readonly<
  Record<string, Response>
>
/** The headers that are compared, wherever the document has them. */
const headersOfInterest = ['WWW-Authenticate', 'Retry-After', 'ETag', 'Set-Cookie']
const alwaysThere = ['WWW-Authenticate', 'Retry-After', 'ETag', 'Cache-Control']

/** `POST /auth/login`, and all others of the document. */
export function documentedOperations(): string[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
}

/** The operation of a request, as the document names it. Undefined where it has none. */
export function operationOf(method: string, pathname: string): string | undefined {
  return documentedOperations().find((operation) => {
    const [of, template = ''] = operation.split(' ')
    const form = template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')
    return of === method && new RegExp(`^${form}$`).test(pathname)
  })
}

/** The request of an operation in the document. */
export function documentedRequest(operation: string) {
  const { security, requestBody } = operationNamed(operation)
  return {
    schemes: new Set(security.flatMap((schemes) => Object.keys(schemes))),
    mediaTypes: Object.keys(requestBody?.content ?? {}),
    isBodyRequired: requestBody?.required === true,
  }
}

/** `401 WWW-Authenticate`, and all other headers that the document promises or allows. */
export function documentedHeaders(operation: string): string[] {
  return Object.entries(responsesOf(operation)).flatMap(([status, { headers = {} }]) =>
    headersOfInterest.filter((name) => name in headers).map((name) => `${status} ${name}`),
  )
}

/** The headers of this kind that an answer has. */
export function headersHeard({ status, headers }: RealAnswer): string[] {
  return headersOfInterest.filter((name) => headers.has(name)).map((name) => `${status} ${name}`)
}

/** Every sentence and success of the document, as `recordOf` names them. */
export function documentedAnswers(operation: string, contract: ContractName): string[] {
  return Object.entries(responsesOf(operation)).flatMap(([status, response]) => {
    const examples = Object.values(contentOf(response)?.examples ?? {})
    const heard = examples.filter((example) => isOf(example, contract))
    if (examples.length > 0) return heard.map(({ value }) => `${status} ${soundOf(value)}`)
    return [status]
  })
}

/**
 * The part of the document that an answer matches.
 *
 * @throws Error that says what is not in the document
 */
export function matchDocument(
  operation: string,
  contract: ContractName,
  answer: RealAnswer,
): string {
  const { status, text } = answer
  const response = responsesOf(operation)[String(status)]
  const problem = response ? problemOf(response, contract, answer) : 'it has no such status'
  if (problem) {
    throw new Error(
      `${operation}, ${contract}, answered ${status} ${text.slice(0, 300)}: of the document, ${problem}`,
    )
  }
  const isRefusal = contentOf(response)?.examples !== undefined
  return isRefusal ? `${status} ${soundOf(JSON.parse(text))}` : String(status)
}

function problemOf(
  response: Response,
  contract: ContractName,
  answer: RealAnswer,
): string | undefined {
  const { headers, text } = answer
  const ofHeaders = headerProblem(response, answer)
  if (ofHeaders) return ofHeaders
  const mediaType = headers.get('Content-Type')?.split(';')[0] ?? ''
  const content = response.content?.[mediaType]
  if (!content) return text === '' && !response.content ? undefined : `it has no body ${mediaType}`
  const body: unknown = mediaType.endsWith('json') ? JSON.parse(text) : text
  const { valid, errors } = validate(content.schema, body)
  if (!valid)
    return errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join(' ')
  return isSaid(content, contract, body) ? undefined : 'it has no such sentence in this contract'
}

/** Refusals must be one of the examples. Successes must have the sentence of the example. */
function isSaid({ examples, example }: Content, contract: ContractName, body: unknown): boolean {
  const sound = soundOf(body as Example['value'])
  if (!examples) return example?.message === undefined || soundOf(example) === sound
  return Object.values(examples).some(
    (known) => isOf(known, contract) && soundOf(known.value) === sound,
  )
}

function responsesOf(operation: string): Readonly<Record<string, Response>> {
  return Object.fromEntries(
    Object.entries(operationNamed(operation).responses).map(([status, response]) => [
      status,
      resolve(response),
    ]),
  )
}

function operationNamed(operation: string): Operation {
  const [method = '', path = ''] = operation.split(' ')
  const found = paths[path]?.[method.toLowerCase()]
  if (!found) throw new Error(`The document has no ${operation}`)
  return found
}

function resolve(response: Response | { $ref: string }): Response {
  if (!('$ref' in response)) return response
  const shared = sharedResponses[response.$ref.replace('#/components/responses/', '')]
  if (!shared) throw new Error(`The document lacks ${response.$ref}`)
  return shared
}

function contentOf(response: Response | undefined): Content | undefined {
  return Object.values(response?.content ?? {})[0]
}

function isOf(example: Example, contract: ContractName): boolean {
  return example['x-contract'] === undefined || example['x-contract'] === contract
}

/** Code and sentence, in either form. */
function soundOf(value: Example['value']): string {
  return `${value.code ?? value.error}: ${value.message ?? value.error_description}`
}

function headerProblem(
  { headers: documented = {} }: Response,
  { headers, text }: RealAnswer,
): string | undefined {
  const unsaid = headersOfInterest.find((name) => headers.has(name) && !(name in documented))
  if (unsaid) return `it does not say ${unsaid}`
  const missing = alwaysThere.find((name) => name in documented && !headers.has(name))
  if (missing) return `it promises ${missing}`
  const isAnonymous = text.includes('"code":"misconfigured"')
  return headers.has('X-Request-Id') || isAnonymous ? undefined : 'every answer has X-Request-Id'
}

function validate(schema: Schema, body: unknown) {
  const closed = closeObjects({ ...schema, components: document.components }) as Schema
  return new Validator(closed, '2020-12', false).validate(body)
}

/** The document allows new members later. Here, a member that it does not name is an error. */
function closeObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closeObjects)
  if (typeof value !== 'object' || value === null) return value
  const closed = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, closeObjects(member)]),
  )
  const isOpen = closed.type === 'object' && !('additionalProperties' in closed)
  return isOpen ? { ...closed, additionalProperties: false } : closed
}
