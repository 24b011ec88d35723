// Backups that are shorter by less and by more, under busy and quiet guards of every kind.

import { describe, inject, it } from 'vitest'
import { drillRestore } from '../support/restore-drill.ts'

describe.each([10, 1_000, 2_000, 8_000])('a restored backup with %i places fewer', (places) => {
  it('is gone over to within the bound, and what was known stays known', async () => {
    await drillRestore(inject('bundle'), { places })
  }, 180_000)

  it('is reported while it has its old epoch, and gone over to afterwards', async () => {
    await drillRestore(inject('bundle'), { places, isEpochLate: true })
  }, 180_000)
})
