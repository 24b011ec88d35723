// Measures whether the number of live revocations matters: the same guard, with none and with up to
// as many as a view holds.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import {
  bundleGuardedPlace,
  type GuardedPlace,
  startGuardedPlace,
} from '../support/guarded-place.ts'
import { connections } from '../support/load.ts'
import { type Figures, measureVariants, requestsPerRound, type Variant } from '../support/rounds.ts'
import { renderCount } from '../support/table.ts'
import { activeKey, signTokens } from '../support/tokens.ts'

const rounds = Number(process.env.BENCH_FLAT_ROUNDS ?? 15)
const seconds = Number(process.env.BENCH_FLAT_SECONDS ?? 1)
const counts = [0, 1_000, 10_000, 100_000, 1_000_000]
/** Shown in turn: lookups of the same few ids would come from the processor's cache. */
const tokenCount = 2_000

/** @param directory for the bundles */
export async function measureFlat(directory: string): Promise<string> {
  const signingKeys = await createKeySet()
  const bundles = bundleGuardedPlace(directory)
  const places: GuardedPlace[] = []
  // Every server that is started listens for the end of this process.
  process.setMaxListeners(32)
  try {
    for (const count of counts) places.push(await startGuardedPlace(bundles, signingKeys, count))
    const tokens = await signTokens(await activeKey(signingKeys), tokenCount)
    const variants = places.map(({ url, liveRevocations, questions }): Variant => {
      const name = renderCount(liveRevocations)
      return { name, url: `${url}/guarded-es256`, tokens, questions }
    })
    const figures = await measureVariants(variants, { rounds, seconds })
    return [
      `requireAccessToken, ES256, ${renderCount(tokenCount)} tokens in turn, each over its own database; ${rounds} rounds, medians: in-process ${renderCount(requestsPerRound)} requests a round, over HTTP ${connections} connections for ${seconds} s.`,
      renderFlat(places, figures),
    ].join('\n\n')
  } finally {
    await Promise.all(places.map((place) => place.stop()))
  }
}

function renderFlat(
  places: readonly GuardedPlace[],
  figures: ReadonlyMap<string, Figures>,
): string {
  const [first] = figures.values()
  const rows = places.map(({ liveRevocations, loadedAfterMs }) => {
    const name = renderCount(liveRevocations)
    const { inProcessUs = Number.NaN, requestsPerSecond = Number.NaN } = figures.get(name) ?? {}
    return [
      name,
      (loadedAfterMs / 1_000).toFixed(2),
      inProcessUs.toFixed(1),
      (inProcessUs / (first?.inProcessUs ?? Number.NaN)).toFixed(2),
      renderCount(requestsPerSecond),
      (requestsPerSecond / (first?.requestsPerSecond ?? Number.NaN)).toFixed(2),
    ]
  })
  return renderTable(
    [
      'live revocations',
      'known after (s)',
      'µs in-process',
      'of none',
      'requests/s over HTTP',
      'of none',
    ],
    rows,
  )
}
