// Whether one kind of answers takes longer than another one.

import { createChance } from './virtual-time.ts'

const chance = createChance(1)

/** How often one of the first is longer than one of the second (Mann-Whitney); a tie is a half. */
export function aucOf(first: readonly number[], second: readonly number[]): number {
  let longer = 0
  for (const one of first) {
    for (const other of second) longer += one > other ? 1 : one === other ? 0.5 : 0
  }
  return longer / (first.length * second.length)
}

/** The same in random order. */
export function shuffled<T>(given: readonly T[]): T[] {
  return given
    .map((value) => ({ value, order: chance() }))
    .sort((one, other) => one.order - other.order)
    .map(({ value }) => value)
}
