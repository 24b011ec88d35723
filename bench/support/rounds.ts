// Thousands of guarded requests, in-process and over HTTP. All variants run in turn, round after
// round, so that other work of the machine affects all of them.

import { bearing } from '../../test/support/client.ts'
import { addQuestions, type Counter, type Questions } from './counter.ts'
import { applyLoad } from './load.ts'
import { quantile } from './table.ts'

export interface Variant {
  readonly name: string
  /** The URL of workers/guard.ts, with the path that names the guard. */
  readonly url: string
  /** The tokens that are shown in turn. */
  readonly tokens: readonly string[]
  /**
   * In-process: this number of requests in a row, a divisor of the round's number. Meanwhile the
   * isolate reads no feed. Default: all of a round.
   */
  readonly atOnce?: number
  /** The counter in front of the service that the guard asks. */
  readonly questions: Counter
}

export interface Figures {
  /** Microseconds inside the isolate: the median of the rounds. */
  readonly inProcessUs: number
  /** Over HTTP: the median of the rounds. */
  readonly requestsPerSecond: number
  /** The requests of all rounds, in-process and over HTTP. */
  readonly requests: number
  /** What the guard asked the service meanwhile. */
  readonly questions: Questions
}

export interface Rounds {
  readonly rounds: number
  /** How long each variant runs over HTTP in each round. */
  readonly seconds: number
}

/** What one variant did in one round. */
interface Measurement {
  readonly figure: number
  readonly requests: number
}

interface Counted extends Measurement {
  readonly questions: Questions
}

export const requestsPerRound = 20_000

/** Measures all variants both ways, by name. */
export async function measureVariants(
  variants: readonly Variant[],
  { rounds, seconds }: Rounds,
): Promise<Map<string, Figures>> {
  const inProcess = await inRounds(variants, { rounds, warmUps: 3 }, runInProcess)
  const overHttp = await inRounds(variants, { rounds, warmUps: 1 }, (variant) =>
    runOverHttp(variant, seconds),
  )
  const figuresOf = ({ name }: Variant): [string, Figures] => {
    const [inside, outside] = [inProcess.get(name) ?? [], overHttp.get(name) ?? []]
    const all = [...inside, ...outside]
    const figures = {
      inProcessUs: medianOf(inside),
      requestsPerSecond: medianOf(outside),
      requests: all.reduce((sum, { requests }) => sum + requests, 0),
      questions: all.map(({ questions }) => questions).reduce(addQuestions),
    }
    return [name, figures]
  }
  return new Map(variants.map(figuresOf))
}

/** Microseconds of each variant inside the isolate, by name: the medians of the rounds. */
export async function measureInProcess(
  variants: readonly Variant[],
  rounds: number,
): Promise<Map<string, number>> {
  const measured = await inRounds(variants, { rounds, warmUps: 3 }, runInProcess)
  return new Map(Array.from(measured, ([name, rows]) => [name, medianOf(rows)]))
}

/** Sends requests over HTTP for a time. Gives their number, in total and for each second. */
export async function runOverHttp(
  { url, tokens }: Pick<Variant, 'url' | 'tokens'>,
  seconds: number,
): Promise<Measurement> {
  const { pathname } = new URL(url)
  const requests = tokens.map((token) => ({ path: pathname, ...bearing(token) }))
  const result = await applyLoad({ url, requests, seconds })
  const { total } = result.requests
  return { figure: total / result.duration, requests: total }
}

async function runInProcess({
  url,
  tokens,
  atOnce = requestsPerRound,
}: Variant): Promise<Measurement> {
  let ms = 0
  for (let done = 0; done < requestsPerRound; done += atOnce) {
    const from = done % tokens.length
    const body = JSON.stringify({ count: atOnce, tokens: tokens.slice(from, from + atOnce) })
    const startedAt = performance.now()
    const answer = await fetch(url, { method: 'POST', body })
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`)
    await answer.arrayBuffer()
    ms += performance.now() - startedAt
  }
  return { figure: (ms / requestsPerRound) * 1_000, requests: requestsPerRound }
}

/** The first rounds warm up: they verify signatures and compile code. */
async function inRounds(
  variants: readonly Variant[],
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
  measure: (variant: Variant) => Promise<Measurement>,
): Promise<Map<string, Counted[]>> {
  const measured = new Map<string, Counted[]>(variants.map(({ name }) => [name, []]))
  for (let round = 0; round < warmUps + rounds; round += 1) {
    for (const variant of variants) {
      await wake(variant)
      const measurement = await measure(variant)
      const questions = variant.questions.take()
      if (round >= warmUps) measured.get(variant.name)?.push({ ...measurement, questions })
    }
  }
  return measured
}

/**
 * This variant was idle while the others were measured, so its guard may have to ask first. A busy
 * guard never does.
 */
async function wake({ url, tokens, questions }: Variant): Promise<void> {
  const answer = await fetch(url, bearing(tokens[0] ?? ''))
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`)
  await answer.arrayBuffer()
  questions.take()
}

function medianOf(measurements: readonly Measurement[]): number {
  return quantile(
    measurements.map(({ figure }) => figure),
    0.5,
  )
}
