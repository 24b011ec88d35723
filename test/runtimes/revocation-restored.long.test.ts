// Backups that lack a few places and many, under busy and quiet guards of every kind.

import { describe, inject, it } from 'vitest'
import { drillRestore } from '../support/restore-drill.ts'

describe.each([10, 1_000, 2_000, 8_000])('a restored backup with %i places fewer', (places) => {
  it('is followed within the bound, and known revocations stay known', async () => {
    await drillRestore(inject('bundle'), { places })
  }, 180_000)

  it('is reported while it has its old epoch, and followed afterwards', async () => {
    await drillRestore(inject('bundle'), { places, isEpochLate: true })
  }, 180_000)
})
