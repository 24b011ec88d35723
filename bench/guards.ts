// What a guard costs: the same handler with and without it, in-process and over HTTP, all variants in
// turn, round after round, so that what the machine does meanwhile falls on all of them.

import autocannon from 'autocannon'
import { bearing } from '../test/support/client.ts'

export interface Variant {
  readonly name: string
  readonly path: string
  readonly token: string
}

const rounds = 15
const requestsPerRound = 20_000
const connections = 16

/** Microseconds for one request inside the isolate, by variant: the median of the rounds. */
export async function measureInProcess(
  url: string,
  variants: readonly Variant[],
): Promise<Map<string, number>> {
  const times = await inRounds(variants, async ({ path, token }) => {
    const headers = { ...bearing(token).headers, 'X-Count': String(requestsPerRound) }
    const startedAt = performance.now()
    const answer = await fetch(`${url}${path}`, { headers })
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`)
    return ((performance.now() - startedAt) / requestsPerRound) * 1_000
  })
  return times
}

/** Requests per second over HTTP, by variant: the median of the rounds. */
export function measureOverHttp(
  url: string,
  variants: readonly Variant[],
  seconds: number,
): Promise<Map<string, number>> {
  return inRounds(variants, async ({ path, token }) => {
    const request = { path, ...bearing(token) }
    const result = await autocannon({ url, connections, duration: seconds, requests: [request] })
    const failed = result.non2xx + result.errors + result.timeouts
    if (failed > 0) throw new Error(`${path}: ${failed} of ${result.requests.total} failed`)
    return result.requests.average
  })
}

/** The first round warms up. */
async function inRounds(
  variants: readonly Variant[],
  measure: (variant: Variant) => Promise<number>,
): Promise<Map<string, number>> {
  const figures = new Map<string, number[]>(variants.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const variant of variants) {
      const figure = await measure(variant)
      if (round > 0) figures.get(variant.name)?.push(figure)
    }
  }
  return new Map(Array.from(figures, ([name, all]) => [name, median(all)]))
}

function median(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN
}

/** One row for each variant; the first is the measure of the others. */
export function renderGuards(
  inProcess: ReadonlyMap<string, number>,
  overHttp: ReadonlyMap<string, number>,
): string {
  const [first = ''] = inProcess.keys()
  const baseUs = inProcess.get(first) ?? 0
  const baseRate = overHttp.get(first) ?? 0
  const rows = Array.from(inProcess, ([name, us]) => {
    const rate = overHttp.get(name) ?? 0
    const cells = [
      name,
      us.toFixed(1),
      `+${(us - baseUs).toFixed(1)}`,
      (baseUs / us).toFixed(2),
      Math.round(rate).toLocaleString('en-US'),
      (rate / baseRate).toFixed(2),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| handler | µs in-process | added | of unguarded | requests/s over HTTP | of unguarded |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
