// The figures of staleness.ts, as tables and as docs/explain/staleness.svg, and what is demanded of
// them.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderTable } from '../../scripts/docs/markdown.ts'
import type { FollowCost } from './follow-cost.ts'
import { type Gate, renderGates } from './gates.ts'
import type { Revoked, Watcher } from './revoke-all.ts'
import { drawHistograms } from './staleness-chart.ts'
import type { Variant } from './staleness-place.ts'
import { quantile, renderCount } from './table.ts'

interface Traffic {
  /** Of one guard, to the feed. */
  readonly questionsPerHour: number
  /** Of the isolate of the service that the guards ask. */
  readonly tailReadsPerHour: number
}

/** What one set-up did. */
export interface Measured {
  readonly variant: Variant
  readonly revoked: readonly Revoked[]
  /** Without logouts. */
  readonly quiet: Traffic
  /** With as many logouts a second as the aims say. */
  readonly steady: Traffic
}

interface Staleness {
  readonly variant: Variant
  readonly watcher: Watcher
  readonly title: string
  readonly tokens: number
  readonly undecided: number
  /** For each token that was accepted after the answer to the logout: how many seconds later. */
  readonly seconds: readonly number[]
  /** The same, from sending the logout to the arrival of the guard's answer. */
  readonly mostSeconds: readonly number[]
}

const boundSeconds = 10
const maxMedianSeconds = 0.6
const maxSeconds = 1.2
const maxQuestionsPerHour = 200
const leastThroughput = 0.98
const chart = fileURLToPath(new URL('../../docs/explain/staleness.svg', import.meta.url))
const titles: Readonly<Record<Watcher, string>> = {
  busy: 'a busy guard',
  sparse: 'idle isolates',
}

/** Writes the chart, and renders the tables and the demands. */
export async function renderStaleness(
  measured: readonly Measured[],
  cost: FollowCost,
): Promise<string> {
  const rows = (['busy', 'sparse'] as const)
    .flatMap((watcher) => measured.map((one) => measure(watcher, one)))
    .filter(({ tokens }) => tokens > 0)
  writeFileSync(chart, await drawHistograms(rows, boundSeconds))
  const heads = [
    '',
    'tokens',
    'of them accepted after the logout',
    'p50',
    'p90',
    'p99',
    'max',
    'max, at most',
    '503',
  ]
  return [
    renderTable(heads, rows.map(renderRow)),
    'Seconds from the answer to the logout to the last accepted request, when it was sent, of the tokens that were accepted after it; "at most" is from sending the logout to the answer of that request. The busy guard is shown each token every 25 ms, and other requests. Idle isolates are shown one token, every 4 s on average.',
    renderTraffic(measured),
    'Questions of one busy guard to the feed (pulls, checks, streams), and reads of the end of the feed by the isolate of the service that the guards ask: without logouts, and with five a second.',
    `A guarded request over HTTP, with five logouts a second: ${renderCount(cost.following)} requests/s with a followed feed, ${renderCount(cost.pulling)} without (medians of ${cost.rounds} rounds in turns).`,
    renderGates(gatesOf(rows, measured, cost)),
    "All of it on one machine, over loopback: not Cloudflare's network.",
  ].join('\n\n')
}

function measure(watcher: Watcher, { variant, revoked }: Measured): Staleness {
  const ours = revoked.filter((one) => one.watcher === watcher)
  const after = ours.filter(({ accepted, logout }) => accepted.sentAtMs > logout.answeredAtMs)
  return {
    variant,
    watcher,
    title: `${titles[watcher]}, ${variant.name}`,
    tokens: ours.length,
    undecided: ours.reduce((sum, { undecided }) => sum + undecided, 0),
    seconds: after.map(({ accepted, logout }) => (accepted.sentAtMs - logout.answeredAtMs) / 1_000),
    mostSeconds: after.map(
      ({ accepted, logout }) => (accepted.answeredAtMs - logout.sentAtMs) / 1_000,
    ),
  }
}

function renderRow({ title, tokens, undecided, seconds, mostSeconds }: Staleness): string[] {
  const shares = [0.5, 0.9, 0.99, 1].map((share) => quantile(seconds, share))
  const figures = [...shares, quantile(mostSeconds, 1)]
  return [
    title,
    renderCount(tokens),
    renderCount(seconds.length),
    ...figures.map((figure) => (seconds.length > 0 ? figure.toFixed(2) : '–')),
    String(undecided),
  ]
}

function renderTraffic(measured: readonly Measured[]): string {
  const heads = [
    '',
    'questions an hour, quiet',
    'with logouts',
    'tail reads an hour, quiet',
    'with logouts',
  ]
  const rows = measured.map(({ variant, quiet, steady }) => [
    variant.name,
    renderCount(quiet.questionsPerHour),
    renderCount(steady.questionsPerHour),
    renderCount(quiet.tailReadsPerHour),
    renderCount(steady.tailReadsPerHour),
  ])
  return renderTable(heads, rows)
}

function gatesOf(
  rows: readonly Staleness[],
  measured: readonly Measured[],
  { following, pulling }: FollowCost,
): Gate[] {
  const longest = largest(rows.flatMap(({ seconds }) => seconds))
  const followed = rows.filter(({ variant, watcher }) => variant.isFollowed && watcher === 'busy')
  const median = largest(followed.map(({ seconds }) => quantile(seconds, 0.5) || 0))
  const most = largest(followed.flatMap(({ seconds }) => seconds))
  const questions = measured
    .filter(({ variant }) => variant.isFollowed)
    .map(({ steady }) => steady.questionsPerHour)
  const busy = 'of every busy guard that follows'
  return [
    atMost(`no token accepted beyond the bound of ${boundSeconds} s`, longest, boundSeconds),
    atMost(`the median ${busy} under ${maxMedianSeconds} s`, median, maxMedianSeconds),
    atMost(`the maximum ${busy} under ${maxSeconds} s`, most, maxSeconds),
    atMost(
      `at most ${maxQuestionsPerHour} questions an hour ${busy}, at five logouts a second`,
      largest(questions),
      maxQuestionsPerHour,
    ),
    atLeast(
      `requests/s of a guard that follows: at least ${leastThroughput} of one that does not`,
      following / pulling,
      leastThroughput,
    ),
  ]
}

function atMost(demand: string, figure: number, limit: number): Gate {
  return { demand, figure: figure.toFixed(3), isMet: figure <= limit }
}

function atLeast(demand: string, figure: number, limit: number): Gate {
  return { demand, figure: figure.toFixed(3), isMet: figure >= limit }
}

function largest(figures: readonly number[]): number {
  return figures.reduce((most, figure) => Math.max(most, figure), 0)
}
