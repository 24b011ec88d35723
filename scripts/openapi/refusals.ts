// The refusals of a route, as responses of the OpenAPI document. There is one response for each
// status. Its examples are the sentences of both contracts.

import { refusalFor } from '../../src/errors/catalogue.ts'
import type { Reason } from '../../src/errors/reasons.ts'
import { challengeOf, type Refusal } from '../../src/errors/token-refusals.ts'
import { oauthErrorOf } from '../../src/service/http/respond.ts'
import type { RefusalForm } from '../../src/service/http/service-env.ts'
import { codeHandle } from './example-answers.ts'

const contracts = ['classic', 'standard'] as const
type ContractName = (typeof contracts)[number]

/** One sentence that a client may get, and its contract. Without a contract, it is in both. */
interface Sentence {
  readonly name: string
  readonly status: number
  readonly value: Readonly<Record<string, unknown>>
  readonly refusal: Refusal
  readonly contract?: ContractName
}

/** The form of a route's refusals. */
export interface RefusalStyle {
  /** The form of the route's family. */
  readonly form: RefusalForm
  /** Whether a refusal may tell the browser to forget its tokens. */
  readonly mayExpireCookies: boolean
}

/** Status → response. */
export function refusalResponses(
  reasons: readonly Reason[],
  { form, mayExpireCookies }: RefusalStyle,
): Readonly<Record<string, object>> {
  const sentences = uniqueSentences(reasons.flatMap((reason) => sentencesOf(reason, form)))
  const statuses = [...new Set(sentences.map(({ status }) => status))].sort((a, b) => a - b)
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      responseOf(
        sentences.filter((sentence) => sentence.status === status),
        mayExpireCookies,
      ),
    ]),
  )
}

function sentencesOf(reason: Reason, form: RefusalForm): Sentence[] {
  const [classic, standard] = contracts.map((contract) => refusalFor(reason, contract))
  if (!classic || !standard) return []
  const isSame =
    classic.status === standard.status &&
    classic.message === standard.message &&
    classic.challenge === standard.challenge
  if (isSame) return [sentenceOf(classic, reason, form)]
  return [
    { ...sentenceOf(classic, reason, form), contract: 'classic' },
    { ...sentenceOf(standard, reason, form), contract: 'standard' },
  ]
}

function sentenceOf(refusal: Refusal, reason: Reason, form: RefusalForm): Sentence {
  // This refusal comes before the request is routed.
  const isEnvelope = form === 'envelope' || reason === 'misconfigured'
  const { status, code, message } = refusal
  const details = {
    ...(reason === 'internal' && { request_id: 'T3mVb9Qy1LcWx7Ze' }),
    ...(reason === 'email_unverified' && { handle: codeHandle }),
    ...(reason === 'invalid_input' && {
      errors: [{ field: 'email', message: 'Give the email as a string: it is missing.' }],
    }),
  }
  const value = isEnvelope
    ? { status: 'fail', message, code, ...details }
    : { error: oauthErrorOf(refusal), error_description: message, ...details }
  return { name: code, status, value, refusal }
}

/** Removes equal sentences: their reasons differ only in the log. */
function uniqueSentences(sentences: readonly Sentence[]): Sentence[] {
  const bySound = new Map(
    sentences.map((sentence) => [
      JSON.stringify([sentence.status, sentence.value, sentence.contract]),
      sentence,
    ]),
  )
  return [...bySound.values()]
}

function responseOf(sentences: readonly Sentence[], mayExpireCookies: boolean) {
  const codes = [...new Set(sentences.map(({ name }) => name))]
  const forms = [
    ...new Set(sentences.map(({ value }) => ('error' in value ? 'OAuthRefusal' : 'Refusal'))),
  ]
  const schemas = forms.map((form) => schemaOf(form, sentences))
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: {
      ...headersOf(sentences),
      ...(mayExpireCookies &&
        tellsBrowser(sentences) && { 'Set-Cookie': { $ref: '#/components/headers/Set-Cookie' } }),
    },
    content: {
      'application/json': {
        schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas },
        examples: examplesOf(sentences),
      },
    },
  }
}

/** Only a refusal of the credential comes after the cookies were read. */
function tellsBrowser(sentences: readonly Sentence[]): boolean {
  return sentences.some(({ status }) => status === 401 || status === 403)
}

function schemaOf(form: string, sentences: readonly Sentence[]) {
  const member = form === 'Refusal' ? 'code' : 'error'
  const words = sentences.flatMap(({ value }) => (member in value ? [value[member]] : []))
  return {
    $ref: `#/components/schemas/${form}`,
    properties: { [member]: { enum: [...new Set(words)] } },
  }
}

function headersOf(sentences: readonly Sentence[]) {
  const challenges = sentences.map(({ refusal }) => challengeOf(refusal))
  const retries = sentences.map(({ refusal }) => refusal.retryAfterSeconds)
  const limits = sentences.filter(({ refusal }) => refusal.status === 429)
  const header = (name: string) => ({ $ref: `#/components/headers/${name}` })
  return {
    'X-Request-Id': header('X-Request-Id'),
    'Cache-Control': header('Cache-Control'),
    ...(challenges.some(Boolean) && { 'WWW-Authenticate': header('WWW-Authenticate') }),
    ...(retries.some(Boolean) && { 'Retry-After': header('Retry-After') }),
    ...(limits.length > 0 && { RateLimit: header('RateLimit') }),
  }
}

function examplesOf(sentences: readonly Sentence[]) {
  const taken = new Set<string>()
  return Object.fromEntries(
    sentences.map(({ name, value, contract }) => {
      const wanted = contract ? `${name}.${contract}` : name
      const key = taken.has(wanted) ? `${wanted}.${taken.size}` : wanted
      taken.add(key)
      const only = contract && { summary: `HTTP_CONTRACT=${contract}`, 'x-contract': contract }
      return [key, { ...only, value }]
    }),
  )
}
