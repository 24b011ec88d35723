// Holds real answers against openapi.json: what the document does not say must not be answered.

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
}

interface Response {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Content>>
}

type Operation = { readonly responses: Readonly<Record<string, Response | { $ref: string }>> }

const paths = document.paths as unknown as Readonly<
  Record<string, Readonly<Record<string, Operation>>>
>
const sharedResponses = document.components.responses as unknown as Readonly<
  Record<string, Response>
>
/** What the document says of a header, wherever it stands. */
const headersOfInterest = ['WWW-Authenticate', 'Retry-After', 'ETag', 'Set-Cookie']
const alwaysThere = ['WWW-Authenticate', 'Retry-After', 'ETag', 'Cache-Control']

/** `POST /auth/login`, and all others of the document. */
export function documentedOperations(): string[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'servers')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
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
 * What of the document an answer is.
 *
 * @throws Error that says what the document does not say
 */
export function matchDocument(
  operation: string,
  contract: ContractName,
  answer: RealAnswer,
): string {
  const { status, headers, text } = answer
  const say = (problem: string) =>
    new Error(`${operation}, ${contract}, answered ${status} ${text.slice(0, 300)}: ${problem}`)
  const response = responsesOf(operation)[String(status)]
  if (!response) throw say('the document has no such status')
  const problem = headerProblem(response, headers)
  if (problem) throw say(problem)
  const mediaType = headers.get('Content-Type')?.split(';')[0] ?? ''
  const content = response.content?.[mediaType]
  if (!content) {
    if (text === '' && !response.content) return String(status)
    throw say(`the document has no body of type ${mediaType || '(none)'}`)
  }
  const body: unknown = mediaType.endsWith('json') ? JSON.parse(text) : text
  const { valid, errors } = validate(content.schema, body)
  if (!valid)
    throw say(errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join(' '))
  if (!content.examples) return String(status)
  const sound = soundOf(body as Example['value'])
  const isSaid = Object.values(content.examples).some(
    (example) => isOf(example, contract) && soundOf(example.value) === sound,
  )
  if (!isSaid) throw say('the document has no such sentence in this contract')
  return `${status} ${sound}`
}

function responsesOf(operation: string): Readonly<Record<string, Response>> {
  const [method = '', path = ''] = operation.split(' ')
  const found = paths[path]?.[method.toLowerCase()]
  if (!found) throw new Error(`The document has no ${operation}`)
  return Object.fromEntries(
    Object.entries(found.responses).map(([status, response]) => [status, resolve(response)]),
  )
}

function resolve(response: Response | { $ref: string }): Response {
  if (!('$ref' in response)) return response
  const shared = sharedResponses[response.$ref.replace('#/components/responses/', '')]
  if (!shared) throw new Error(`The document lacks ${response.$ref}`)
  return shared
}

function contentOf(response: Response): Content | undefined {
  return Object.values(response.content ?? {})[0]
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
  headers: Headers,
): string | undefined {
  const unsaid = headersOfInterest.find((name) => headers.has(name) && !(name in documented))
  if (unsaid) return `the document does not say ${unsaid}`
  const missing = alwaysThere.find((name) => name in documented && !headers.has(name))
  return missing && `the document promises ${missing}`
}

function validate(schema: Schema, body: unknown) {
  const closed = closeObjects({ ...schema, components: document.components }) as Schema
  return new Validator(closed, '2020-12', false).validate(body)
}

/** The document lets members be added later. Here, one that it does not name is an error. */
function closeObjects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closeObjects)
  if (typeof value !== 'object' || value === null) return value
  const closed = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, closeObjects(member)]),
  )
  const isOpen = closed.type === 'object' && !('additionalProperties' in closed)
  return isOpen ? { ...closed, additionalProperties: false } : closed
}
