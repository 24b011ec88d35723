// The database of a request to which something happens between its round trips.

import type { Database } from '../../src/service/store/database.ts'
import { createCountingDatabase } from './service.ts'

/** What happens before a round trip, which has this number: the second has 2. */
export type Happening = (trip: number) => Promise<unknown>

/** Happens before the second round trip, and before no later one. */
export function once(happening: () => Promise<unknown>): Happening {
  return async (trip) => {
    if (trip === 2) await happening()
  }
}

export interface InterruptedDatabase extends Database {
  /** Of the last request. */
  readonly roundTrips: number
  /** Runs a request. Something happens before each of its round trips but the first. */
  during<T>(happening: Happening, request: () => Promise<T>): Promise<T>
}

/** The database of the tests. One request at a time is interrupted. */
export function createInterruptedDatabase(): InterruptedDatabase {
  const counting = createCountingDatabase()
  const nothing: Happening = async () => {}
  let meanwhile = nothing
  return {
    ...counting,
    get roundTrips() {
      return counting.roundTrips
    },
    async withClient(use) {
      if (counting.roundTrips > 0) await meanwhile(counting.roundTrips + 1)
      return counting.withClient(use)
    },
    async during(happening, request) {
      counting.roundTrips = 0
      meanwhile = happening
      try {
        return await request()
      } finally {
        meanwhile = nothing
      }
    },
  }
}
