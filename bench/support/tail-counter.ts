// Counts how often a service reads the end of the feed from its database.

import { startForwarder } from './forwarder.ts'

export interface TailCounter {
  /** The database's URL for the service. */
  readonly url: string
  /** The reads since the last call. */
  take(): number
  stop(): Promise<void>
}

/** The packed rows after a place. A page of the snapshot has a last place, too. */
const tailRead = /%07x.*>= max\(/s

/** A counter before the database at `target`. */
export async function startTailCounter(target: string): Promise<TailCounter> {
  let reads = 0
  const forwarder = await startForwarder(target, (incoming) => {
    let text = ''
    incoming.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    incoming.on('end', () => {
      if (tailRead.test(text)) reads += 1
    })
  })
  return {
    ...forwarder,
    take() {
      const taken = reads
      reads = 0
      return taken
    },
  }
}
