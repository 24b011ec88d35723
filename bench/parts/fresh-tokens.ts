// Measures what a new token costs a guard, compared with jose and a key set, and where that time
// goes.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { createKeySet } from '../../test/support/issuing-service.ts'
import { bundleGuardedPlace, startGuardedPlace } from '../support/guarded-place.ts'
import { connections } from '../support/load.ts'
import {
  type Figures,
  measureInProcess,
  measureVariants,
  requestsPerRound,
  type Variant,
} from '../support/rounds.ts'
import { renderCount } from '../support/table.ts'
import { activeKey, signTokens } from '../support/tokens.ts'

const rounds = Number(process.env.BENCH_FRESH_ROUNDS ?? 15)
const seconds = Number(process.env.BENCH_FRESH_SECONDS ?? 2)
const liveRevocations = 10_000
/** 6.5 MB of tokens, and a guard remembers 4 MiB: shown in turn, each token is new again. */
const tokenCount = 16_000
const atOnce = 500

/** @param directory for the bundles */
export async function measureFreshTokens(directory: string): Promise<string> {
  const signingKeys = await createKeySet()
  // Signed first: connections that are opened before would be closed while the tokens are signed.
  const tokens = await signTokens(await activeKey(signingKeys), tokenCount)
  const place = await startGuardedPlace(bundleGuardedPlace(directory), signingKeys, liveRevocations)
  try {
    const variant = (name: string, path: string): Variant => {
      return { name, url: `${place.url}/${path}`, tokens, atOnce, questions: place.questions }
    }
    const figures = await measureVariants(
      [
        variant('jose, remote key set', 'jose'),
        variant('requireAccessToken, ES256', 'guarded-es256'),
        variant("requireAccessToken, ES256, revocation 'none'", 'guarded-none'),
        variant('unguarded', 'unguarded'),
      ],
      { rounds, seconds },
    )
    return [
      `${renderCount(tokenCount)} tokens in turn, ${renderCount(liveRevocations)} live revocations; ${rounds} rounds, medians: in-process ${renderCount(requestsPerRound)} requests a round, over HTTP ${connections} connections for ${seconds} s.`,
      renderFigures(figures),
      'Where the time goes, in-process: each row does what the rows before it do, and its own.',
      renderSteps(await measureInProcess(listSteps(variant), rounds)),
    ].join('\n\n')
  } finally {
    await place.stop()
  }
}

/** The steps of workers/fresh-steps.ts, and the guards of workers/guard.ts. */
function listSteps(variant: (name: string, path: string) => Variant): Variant[] {
  return [
    variant('the request and its answer', 'unguarded'),
    variant('one and the same ES256 signature, by Web Crypto', 'step-signature'),
    variant('decodes the token, reads its header, finds the key', 'step-jws'),
    variant('reads the claims', 'step-claims'),
    variant('lists the ids that revoke it', 'step-ids'),
    variant("requireAccessToken, revocation 'none': keeps it, frozen", 'guarded-none'),
    variant('requireAccessToken: looks for its ids', 'guarded-es256'),
    variant('jose, remote key set, does all of its own', 'jose'),
  ]
}

function renderSteps(steps: ReadonlyMap<string, number>): string {
  return renderTable(
    ['step', 'µs in all'],
    Array.from(steps, ([name, us]) => [name, us.toFixed(1)]),
  )
}

/** One row for each variant. The first row is the base of the ratios. */
function renderFigures(figures: ReadonlyMap<string, Figures>): string {
  const [first] = figures.values()
  const rows = Array.from(figures, ([name, { inProcessUs, requestsPerSecond }]) => [
    name,
    inProcessUs.toFixed(1),
    ((first?.inProcessUs ?? Number.NaN) / inProcessUs).toFixed(2),
    renderCount(requestsPerSecond),
    (requestsPerSecond / (first?.requestsPerSecond ?? Number.NaN)).toFixed(2),
  ])
  return renderTable(
    ['handler', 'µs in-process', 'of jose', 'requests/s over HTTP', 'of jose'],
    rows,
  )
}
