import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../support/measure-view.ts', import.meta.url))

/** Bytes for each id, by the number of ids. */
function bytesPerId(...counts: number[]): { count: number; perId: number }[] {
  const args = ['--expose-gc', script, ...counts.map(String)]
  const measured: { count: number; bytes: number }[] = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8' }),
  )
  return measured.map(({ count, bytes }) => ({ count, perId: bytes / count }))
}

describe('the memory of a view', () => {
  it('is at most 80 bytes an id up to 50,000 ids', () => {
    for (const { count, perId } of bytesPerId(1_000, 3_333, 10_000, 25_000, 50_000)) {
      expect(perId, `${count} ids`).toBeLessThanOrEqual(80)
      expect(perId, `${count} ids`).toBeGreaterThan(15)
    }
  })

  it('is at most 35 bytes an id beyond, wherever the table has just grown', () => {
    const counts = [50_001, 60_000, 75_000, 100_000, 140_000, 200_000, 1_000_000]
    for (const { count, perId } of bytesPerId(...counts)) {
      expect(perId, `${count} ids`).toBeLessThanOrEqual(35)
      expect(perId, `${count} ids`).toBeGreaterThan(15)
    }
  }, 120_000)
})
