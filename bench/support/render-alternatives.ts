// The tables of what was compared.

import { renderTable } from '../../scripts/docs/markdown.ts'
import type { Alternative } from './alternative-list.ts'
import { gzipKiB } from './bundle.ts'
import type { Bundles } from './place.ts'
import { quantile, renderCount } from './table.ts'

/** The figures of one alternative, at one distance, in one round. */
export interface Figures {
  readonly name: string
  readonly distanceMs: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Round trips to the database for each request. Undefined where they are not counted. */
  readonly roundTrips: number | undefined
}

/** One row for each alternative. The first row is the base of the ratios. */
export function renderAlternatives(
  alternatives: readonly Alternative[],
  figures: readonly Figures[],
): string {
  const distancesMs = [...new Set(figures.map(({ distanceMs }) => distanceMs))]
  const heads = distancesMs.flatMap((ms) => [
    `requests/s, database ${ms} ms away`,
    'of unguarded',
    'p50 / p99 (ms)',
  ])
  const rows = alternatives.map(({ name, work, revokedLives }) => {
    const its = figures.filter((row) => row.name === name)
    const roundTrips = quantile(
      its.flatMap((row) => row.roundTrips ?? []),
      0.5,
    )
    const measured = distancesMs.flatMap((distanceMs) => {
      const there = figures.filter((row) => row.distanceMs === distanceMs)
      return renderFigures(
        there.filter((row) => row.name === name),
        there.filter((row) => row.name === alternatives[0]?.name),
      )
    })
    return [name, work, revokedLives, roundTrips.toFixed(2), ...measured]
  })
  const what = ['guard', 'for each request', 'a revoked token lives', 'round trips']
  return renderTable([...what, ...heads], rows)
}

function renderFigures(figures: readonly Figures[], unguarded: readonly Figures[]): string[] {
  const medianOf = (key: 'requestsPerSecond' | 'p50Ms' | 'p99Ms', from = figures) =>
    quantile(
      from.map((row) => row[key]),
      0.5,
    )
  const rate = medianOf('requestsPerSecond')
  return [
    renderCount(rate),
    (rate / medianOf('requestsPerSecond', unguarded)).toFixed(2),
    `${medianOf('p50Ms')} / ${medianOf('p99Ms')}`,
  ]
}

/** The sizes of the deployed bundles. */
export function renderBundles(bundles: Bundles): string {
  const size = (name: keyof Bundles) => `${gzipKiB(bundles[name]).toFixed(1)} KiB`
  return [
    `Bundles, minified and gzip: the bare handler with Hono ${size('bare')}`,
    `behind requireAccessToken ${size('portcullis')} (and our service ${size('service')})`,
    `behind Better Auth's session ${size('betterAuth')}, which is its service, too.`,
  ].join(', ')
}
