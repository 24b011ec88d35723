// The figures of staleness.ts, as a table and as docs/explain/staleness.svg.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { drawHistograms } from './staleness-chart.ts'
import { quantile, renderCount } from './table.ts'
import type { Asked, Watched } from './watch.ts'

/** The guard that was shown the token, by how often. */
export type Watcher = 'busy' | 'idle' | 'sparse'

/** One token at one guard. */
export interface Revoked extends Watched {
  readonly watcher: Watcher
  readonly logout: Asked
}

export interface Background {
  readonly busyRequests: number
  readonly serviceRequests: number
  readonly seconds: number
}

const boundSeconds = 10
/** The aim for the busy guard. */
const targetP50Seconds = 4
const chart = fileURLToPath(new URL('../../docs/explain/staleness.svg', import.meta.url))
const titles: Readonly<Record<Watcher, string>> = {
  busy: 'busy, shown every 25 ms',
  idle: 'idle until just before, shown every 25 ms',
  sparse: 'idle, shown every 4 s on average',
}

interface Staleness {
  readonly title: string
  readonly tokens: number
  readonly undecided: number
  /** For each token that was accepted after the answer to the logout: how many seconds later. */
  readonly seconds: readonly number[]
  /** The same, from sending the logout to the arrival of the guard's answer. */
  readonly mostSeconds: readonly number[]
}

/**
 * Writes the chart, and renders the table.
 *
 * @throws Error where a token was accepted beyond the bound
 */
export async function renderStaleness(
  revoked: readonly Revoked[],
  background: Background,
): Promise<string> {
  const all = (['busy', 'idle', 'sparse'] as const).map((watcher) => measure(watcher, revoked))
  writeFileSync(chart, await drawHistograms(all, boundSeconds))
  const worst = Math.max(...all.flatMap(({ seconds }) => seconds))
  if (worst > boundSeconds) {
    throw new Error(`A token was accepted ${worst.toFixed(3)} s after its logout`)
  }
  const p50 = quantile(all[0]?.seconds ?? [], 0.5)
  const verdict = p50 < targetP50Seconds ? 'met' : 'missed'
  const { busyRequests, serviceRequests, seconds } = background
  return [
    renderTable(
      [
        'guard',
        'tokens',
        'accepted after',
        'min',
        'p50',
        'p90',
        'p99',
        'max',
        'max, at most',
        '503',
      ],
      all.map(renderRow),
    ),
    `Seconds from the answer to the logout to the last accepted request, when it was sent, of the tokens that were accepted after it; "at most" is from sending the logout to the answer of that request. None beyond the bound of ${boundSeconds} s; p50 of the busy guard under ${targetP50Seconds} s: ${verdict}.`,
    `Meanwhile, for ${seconds.toFixed(0)} s: ${renderCount(busyRequests / seconds)} requests/s with a good token to the busy guard, all accepted, and ${renderCount(serviceRequests / seconds)} requests/s (status, register) to the service. All of it on one machine, over loopback: not Cloudflare's network.`,
  ].join('\n\n')
}

function measure(watcher: Watcher, revoked: readonly Revoked[]): Staleness {
  const ours = revoked.filter((one) => one.watcher === watcher)
  const after = ours.filter(({ accepted, logout }) => accepted.sentAtMs > logout.answeredAtMs)
  return {
    title: titles[watcher],
    tokens: ours.length,
    undecided: ours.reduce((sum, { undecided }) => sum + undecided, 0),
    seconds: after.map(({ accepted, logout }) => (accepted.sentAtMs - logout.answeredAtMs) / 1_000),
    mostSeconds: after.map(
      ({ accepted, logout }) => (accepted.answeredAtMs - logout.sentAtMs) / 1_000,
    ),
  }
}

function renderRow({ title, tokens, undecided, seconds, mostSeconds }: Staleness): string[] {
  const shares = [0.5, 0.9, 0.99].map((share) => quantile(seconds, share))
  const figures = [Math.min(...seconds), ...shares, Math.max(...seconds), Math.max(...mostSeconds)]
  return [
    title,
    renderCount(tokens),
    renderCount(seconds.length),
    ...figures.map((figure) => figure.toFixed(2)),
    String(undecided),
  ]
}
