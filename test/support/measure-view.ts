// Prints the bytes of a view for each number of ids. They are the difference of two measurements of
// the heap, each after a garbage collection. Run with --expose-gc.

import { RevocationView } from '../../src/guard/revocation/view.ts'
import { systemRuntime } from '../../src/runtime/runtime.ts'
import { renderRow } from '../../src/token/feed-format.ts'

const idsPerPage = 1_000
const leastIds = 100_000

function bytesInUse(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Measures several views, so that the rest of the heap does not matter. */
function measure(count: number): number {
  const views = Math.ceil(leastIds / count)
  const before = bytesInUse()
  const made = Array.from({ length: views }, () => createView(count))
  const bytes = bytesInUse() - before
  if (made.some(({ size }) => size !== count)) throw new Error(`A view has not ${count} ids`)
  return bytes / views
}

function createView(count: number): RevocationView {
  const view = new RevocationView(systemRuntime, 2_000_000)
  for (let from = 0; from < count; from += idsPerPage) {
    fill(view, from, Math.min(count, from + idsPerPage))
  }
  return view
}

function fill(view: RevocationView, from: number, to: number): void {
  const rows = Array.from({ length: to - from }, () => {
    const id = Buffer.from(systemRuntime.randomBytes(12)).toString('base64url')
    return renderRow(id, systemRuntime.now() + 900)
  }).join('')
  const page = { epoch: 'e', nowMs: systemRuntime.nowMs(), first: 1, head: to, from, through: to }
  view.apply({ ...page, rows: [rows], ageMs: 0 }, view.readClocks())
}

// Allocations of the first view are not counted.
measure(1_000)
const counts = process.argv.slice(2).map(Number)
console.log(JSON.stringify(counts.map((count) => ({ count, bytes: measure(count) }))))
