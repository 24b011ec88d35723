import { describe, expect, it } from 'vitest'
import { costsToAdd } from '../../../../src/service/domain/identity/hash-costs.ts'

const costs = Array.from({ length: 11 }, (_, step) => step + 4)
const workOf = (hashes: readonly number[]) => hashes.reduce((sum, cost) => sum + 2 ** cost, 0)

describe('the hashes that come with one of a lower cost', () => {
  it('make up the work of one of the configured cost exactly', () => {
    for (const configured of costs) {
      for (const cost of costs.filter((one) => one <= configured)) {
        expect(workOf([cost, ...costsToAdd(cost, configured)])).toBe(2 ** configured)
      }
    }
  })

  it('are none at the configured cost, and at a higher one', () => {
    for (const cost of [10, 11, 14]) expect(costsToAdd(cost, 10)).toEqual([])
  })
})
