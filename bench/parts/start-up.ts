// Measures what the start of the Worker takes: wrangler's profile of a start on workerd. The time
// that is not idle counts, with the start of the runtime's own modules in it.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderTable } from '../../scripts/docs/markdown.ts'
import { bundleWorker, gzipKiB } from '../support/bundle.ts'
import { quantile } from '../support/table.ts'

const starts = 15
const limitMs = 50

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What of a V8 CPU profile is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  /** The node of each sample, and the microseconds since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/**
 * Fails the run if the median is over the limit.
 *
 * @param directory for the bundle and the profiles
 */
export async function measureStartUp(directory: string): Promise<string> {
  const bundle = bundleWorker(directory, 'src/worker.ts')
  const profiles = Array.from({ length: starts }, () => profileStart(directory))
  const activeMs = profiles.map((profile) => millisecondsOf(profile, isActive))
  const ownMs = profiles.map((profile) => millisecondsOf(profile, isOfWorker))
  if (quantile(activeMs, 0.5) >= limitMs) {
    process.exitCode = 1
    console.error(`The start takes ${limitMs} ms or more.`)
  }
  return [
    `${starts} starts of the Worker, ${gzipKiB(bundle).toFixed(1)} KiB.`,
    renderTable(
      ['time', 'median (ms)', 'max (ms)'],
      [
        ['active in all', ...figuresOf(activeMs)],
        ["of that, in the Worker's modules", ...figuresOf(ownMs)],
      ],
    ),
  ].join('\n\n')
}

function figuresOf(times: readonly number[]): string[] {
  return [quantile(times, 0.5), Math.max(...times)].map((ms) => ms.toFixed(1))
}

function profileStart(directory: string): CpuProfile {
  const file = join(directory, 'start.cpuprofile')
  execFileSync(join(root, 'node_modules/.bin/wrangler'), ['check', 'startup', '--outfile', file], {
    cwd: root,
    stdio: 'pipe',
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
  return JSON.parse(readFileSync(file, 'utf8'))
}

type CallFrame = CpuProfile['nodes'][number]['callFrame']

const isActive = ({ functionName }: CallFrame) => functionName !== '(idle)'
const isOfWorker = ({ url }: CallFrame) => url.endsWith('worker.js')

function millisecondsOf(
  { nodes, samples, timeDeltas }: CpuProfile,
  isCounted: (frame: CallFrame) => boolean,
): number {
  const counted = new Set(nodes.filter(({ callFrame }) => isCounted(callFrame)).map(({ id }) => id))
  // The time of a sample lasts until the next one.
  const microseconds = samples.reduce(
    (sum, id, at) => sum + (counted.has(id) ? (timeDeltas[at + 1] ?? 0) : 0),
    0,
  )
  return microseconds / 1_000
}
