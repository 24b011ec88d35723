// Compares our guard with what people would write instead. The database is at hand, or some
// distance away. The variants run in turn, round after round, so that other work of the machine
// affects all of them. `npm run bench -- alternatives` runs this part alone.

import { createKeySet } from '../../test/support/issuing-service.ts'
import { type Alternative, listAlternatives } from '../support/alternative-list.ts'
import { checkAlternatives, statusOf } from '../support/check-alternatives.ts'
import { type Credential, signWithOurKey } from '../support/credentials.ts'
import { applyLoad, connections } from '../support/load.ts'
import { bundleAll, type Place, startPlace, startSharedDatabase } from '../support/place.ts'
import { type Figures, renderAlternatives, renderBundles } from '../support/render-alternatives.ts'

const seconds = Number(process.env.BENCH_ALTERNATIVE_SECONDS ?? 2)
const rounds = Number(process.env.BENCH_ALTERNATIVE_ROUNDS ?? 5)
const distancesMs = [0, 30]
/** Tokens of a run that shows none twice: 6.5 MB of them, and a guard remembers 4 MiB. */
const tokenCount = 16_000

/**
 * Measures all alternatives, as Markdown.
 *
 * @param directory for the bundles
 * @param boundSeconds of a guard without other options
 * @throws Error when an alternative accepts or refuses a credential against its description
 */
export async function measureAlternatives(
  directory: string,
  boundSeconds: number,
): Promise<string> {
  const bundles = bundleAll(directory)
  const signingKeys = await createKeySet()
  const signMany = (count: number) => signWithOurKey(signingKeys, count)
  const alternatives = listAlternatives(boundSeconds, signMany)
  const database = await startSharedDatabase()
  const places: Place[] = []
  // Every server that is started listens for the end of this process.
  process.setMaxListeners(32)
  try {
    for (const distanceMs of distancesMs) {
      places.push(await startPlace(bundles, database, signingKeys, distanceMs))
    }
    await checkAlternatives(alternatives, places)
    const figures = await measureInRounds(alternatives, places)
    return [
      `${connections} connections, ${rounds} rounds of ${seconds} s each, medians`,
      renderAlternatives(alternatives, figures),
      renderBundles(bundles),
    ].join('\n\n')
  } finally {
    await Promise.all(places.map((place) => place.stop()))
    await database.stop()
  }
}

/** The first round warms up. */
async function measureInRounds(
  alternatives: readonly Alternative[],
  places: readonly Place[],
): Promise<Figures[]> {
  const measured: Figures[] = []
  for (let round = 0; round <= rounds; round += 1) {
    for (const place of places) {
      for (const alternative of alternatives) {
        const figures = await measure(alternative, place)
        if (round > 0) measured.push(figures)
      }
    }
  }
  return measured
}

async function issueOne(alternative: Alternative, place: Place): Promise<Credential[]> {
  return [(await alternative.issue(place)).credential]
}

async function measure(alternative: Alternative, place: Place): Promise<Figures> {
  // Issued anew in each round: the credentials of the first round would expire before the last.
  const credentials = await (alternative.issueMany?.(tokenCount) ?? issueOne(alternative, place))
  const url = alternative.url(place)
  const requests = credentials.map(({ name, value }) => ({
    path: new URL(url).pathname,
    headers: { [name]: value },
  }))
  // A guard without requests for a while may have to ask first; a busy guard never does.
  await statusOf(url, credentials[0])
  place.takeRoundTrips()
  const result = await applyLoad({ url, requests, seconds })
  const roundTrips = place.takeRoundTrips()
  return {
    name: alternative.name,
    distanceMs: place.distanceMs,
    requestsPerSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    roundTrips: roundTrips === undefined ? undefined : roundTrips / result.requests.sent,
  }
}
