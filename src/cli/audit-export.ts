// The form of an export: a line of JSON for each event and each seal, in the order of the chain. The
// last line has the head. A seal comes after its events. Personal details are not exported.

import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import type { ChainPart } from '../service/domain/audit/read-chain.ts'
import type { ChainHead } from '../service/domain/audit/verify-chain.ts'
import { type AuditEvent, type AuditSeal, maxEventsPerSeal } from '../service/store/audit-seals.ts'
import { Failure } from './failure.ts'

const integer = v.pipe(v.number(), v.integer())
const optionalInteger = v.nullable(integer)
const optionalText = v.nullable(v.string())
const headLine = v.object({
  head: v.nullable(v.object({ number: integer, mac: v.string() })),
})
const lineForm = v.union([
  v.object({
    event: v.object({
      ...{ seq: integer, at: integer, event: v.string(), outcome: v.string(), actor: v.string() },
      ...{ user_id: optionalInteger, session_id: optionalText, request_id: optionalText },
      ...{ attempt_seq: optionalInteger, target: optionalText },
    }),
  }),
  v.object({
    seal: v.object({
      ...{ number: integer, first_seq: integer, last_seq: integer, events: integer },
      ...{ mac: v.string(), key_id: v.string(), sealed_at: integer },
    }),
  }),
  headLine,
])
type Line = v.InferOutput<typeof lineForm>

/** What an export has. */
export interface ExportTally {
  events: number
  seals: number
  head: ChainHead | undefined
}

/** The lines of an export, in chunks of whole lines. Counts them in `tally`. */
export async function* renderExport(
  parts: AsyncIterable<ChainPart>,
  tally: ExportTally,
): AsyncGenerator<string> {
  for await (const { seal, events } of parts) {
    tally.events += events.length
    const lines = events.map((event) => render({ event: eventMembers(event) }))
    if (seal) {
      tally.seals += 1
      tally.head = { number: seal.number, mac: seal.mac }
      lines.push(render({ seal: sealMembers(seal) }))
    }
    yield lines.join('')
  }
  yield render({ head: tally.head ?? null })
}

/** Reads an export in constant memory. After the last part, `head` is what its last line says. */
export class ExportReader {
  readonly #file: string
  /** Undefined before the last line; null in an export without seals. */
  head: ChainHead | null | undefined

  constructor(file: string) {
    this.#file = file
  }

  /** @throws Failure when it is no export, or its end is missing */
  async *parts(): AsyncGenerator<ChainPart> {
    let events: AuditEvent[] = []
    for await (const line of this.#lines()) {
      if ('event' in line) {
        // One more than a seal covers is enough to know.
        if (events.length <= maxEventsPerSeal) events.push(eventOf(line.event))
        continue
      }
      if ('seal' in line) {
        yield { seal: sealOf(line.seal), events }
        events = []
      } else this.head = line.head
    }
    if (this.head === undefined) throw this.#failure('its last line, with the head, is missing')
    if (events.length > 0) yield { events }
  }

  async *#lines(): AsyncGenerator<Line> {
    let number = 0
    const input = createReadStream(this.#file)
    try {
      for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        number += 1
        const line = parseLine(text)
        if (!line || this.head !== undefined) throw this.#failure(`line ${number} does not fit`)
        yield line
      }
    } catch (error) {
      if (error instanceof Failure) throw error
      throw new Failure(`${this.#file} cannot be read: check --file.`, 'usage')
    } finally {
      input.destroy()
    }
  }

  #failure(why: string): Failure {
    return new Failure(`${this.#file} is no whole export of \`audit export\`: ${why}.`)
  }
}

/** The end of a file has the head in its last line, also in what `audit verify --json` prints. */
const maxHeadBytes = 65_536

/** The head that a file ends with; undefined if there were no seals when it was written. */
export function readHead(file: string): ChainHead | undefined {
  const text = readEnd(file)
  const parsed = v.safeParse(headLine, parseJson(text.trimEnd().split('\n').at(-1) ?? ''))
  if (parsed.success) return parsed.output.head ?? undefined
  throw new Failure(
    `${file} has no head in its last line: give a file of \`audit export\`, of \`audit verify --json\`, or one line \`prune\` of the log.`,
    'usage',
  )
}

function readEnd(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const { size } = fstatSync(descriptor)
      const bytes = Buffer.alloc(Math.min(size, maxHeadBytes))
      const length = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
      return bytes.toString('utf8', 0, length)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    throw new Failure(`${file} cannot be read: check --head.`, 'usage')
  }
}

function render(line: Line): string {
  return `${JSON.stringify(line)}\n`
}

function parseLine(text: string): Line | undefined {
  const parsed = v.safeParse(lineForm, parseJson(text))
  return parsed.success ? parsed.output : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function eventMembers({ userId, sessionId, requestId, attemptSeq, ...event }: AuditEvent) {
  const ids = { user_id: userId, session_id: sessionId, request_id: requestId }
  return { ...event, ...ids, attempt_seq: attemptSeq }
}

function eventOf(members: ReturnType<typeof eventMembers>): AuditEvent {
  const { user_id, session_id, request_id, attempt_seq, ...event } = members
  const ids = { userId: user_id, sessionId: session_id, requestId: request_id }
  return { ...event, ...ids, attemptSeq: attempt_seq }
}

function sealMembers({ firstSeq, lastSeq, keyId, sealedAt, ...seal }: AuditSeal) {
  return { ...seal, first_seq: firstSeq, last_seq: lastSeq, key_id: keyId, sealed_at: sealedAt }
}

function sealOf(members: ReturnType<typeof sealMembers>): AuditSeal {
  const { first_seq, last_seq, key_id, sealed_at, ...seal } = members
  return { ...seal, firstSeq: first_seq, lastSeq: last_seq, keyId: key_id, sealedAt: sealed_at }
}
