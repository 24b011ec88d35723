// A histogram for each guard, one below the other, with the bound. Vega-Lite draws it as an SVG,
// without a browser.

import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import { quantile, renderCount } from './table.ts'

export interface Histogram {
  readonly title: string
  readonly tokens: number
  readonly seconds: readonly number[]
}

const binsPerSecond = 2
const width = 640
const height = 110
const bar = '#2f6db5'
const ink = '#24292f'
const faint = '#57606a'
const alarm = '#c62828'

/** The SVG of the histograms, with one bound. */
export async function drawHistograms(
  histograms: readonly Histogram[],
  boundSeconds: number,
): Promise<string> {
  const last = histograms.length - 1
  const spec: TopLevelSpec = {
    background: 'white',
    padding: 16,
    title: {
      text: 'How long a revoked token is still accepted',
      // Vega overestimates the width of letters: longer lines would widen the picture.
      subtitle: [
        `After its session was logged out; maxStalenessSeconds: ${boundSeconds}.`,
        "One machine, over loopback: not Cloudflare's network.",
      ],
      anchor: 'start',
      offset: 16,
    },
    spacing: 14,
    vconcat: histograms.map((histogram, index) =>
      drawHistogram(histogram, boundSeconds, index === last),
    ),
    config: {
      font: 'Helvetica, Arial, sans-serif',
      title: { fontSize: 16, subtitleFontSize: 12, color: ink, subtitleColor: faint },
      axis: {
        labelColor: faint,
        titleColor: ink,
        titleFontWeight: 'normal',
        gridColor: '#e7eaee',
        domainColor: '#8c959f',
      },
      view: { stroke: null },
    },
  }
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
}

type Unit = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number]
type LayerSpec = Extract<Unit, { layer: unknown }>

function drawHistogram(
  { title, tokens, seconds }: Histogram,
  boundSeconds: number,
  isLast: boolean,
): Unit {
  const median = quantile(seconds, 0.5)
  const most = Math.max(...seconds)
  const note = `${renderCount(seconds.length)} of ${renderCount(tokens)} accepted after the logout · median ${median.toFixed(1)} s · longest ${most.toFixed(1)} s`
  return {
    width,
    height,
    title: {
      text: title.charAt(0).toUpperCase() + title.slice(1),
      subtitle: note,
      anchor: 'start',
      fontSize: 13,
      subtitleFontSize: 11,
      offset: 6,
    },
    layer: [
      {
        data: { values: countBins(seconds, boundSeconds) },
        mark: { type: 'bar', color: bar, binSpacing: 1 },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            scale: { domain: [0, boundSeconds + 1] },
            bin: { binned: true, step: 1 / binsPerSecond },
            axis: {
              title: isLast ? 'Seconds from the logout to the last accepted request' : null,
              values: Array.from({ length: boundSeconds + 2 }, (_, second) => second),
              grid: false,
              labelFlush: false,
              format: 'd',
            },
          },
          x2: { field: 'to' },
          y: {
            field: 'count',
            type: 'quantitative',
            title: 'Tokens',
            axis: { tickCount: 4, minExtent: 36 },
          },
        },
      },
      ...drawBound(boundSeconds),
    ],
  }
}

/** A vertical line, and its label. */
function drawBound(boundSeconds: number): LayerSpec['layer'] {
  const data = { values: [{ bound: boundSeconds }] }
  const encoding = { x: { field: 'bound', type: 'quantitative' as const } }
  const text = `the bound: ${boundSeconds} s`
  return [
    { data, encoding, mark: { type: 'rule', color: alarm, strokeWidth: 2, strokeDash: [6, 4] } },
    {
      data,
      encoding,
      mark: { type: 'text', text, align: 'right', dx: -6, y: 8, color: alarm, fontWeight: 'bold' },
    },
  ]
}

/** Counts the values in each half second. */
function countBins(seconds: readonly number[], boundSeconds: number) {
  return Array.from({ length: (boundSeconds + 1) * binsPerSecond }, (_, bin) => {
    const [from, to] = [bin / binsPerSecond, (bin + 1) / binsPerSecond]
    return { from, to, count: seconds.filter((one) => one >= from && one < to).length }
  })
}
