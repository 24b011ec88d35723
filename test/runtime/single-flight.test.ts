import { beforeEach, describe, expect, it } from 'vitest'
import { SingleFlight } from '../../src/runtime/single-flight.ts'
import { VirtualTime } from '../support/virtual-time.ts'

let time: VirtualTime
let flight: SingleFlight

beforeEach(() => {
  time = new VirtualTime()
  flight = new SingleFlight(time.runtime, { firstPauseMs: 500, longestPauseMs: 1_500 })
})

describe('a single flight', () => {
  it('doubles the pause after each failure, up to the longest pause', () => {
    const pauses = Array.from({ length: 4 }, () => {
      flight.begin(100)
      flight.fail()
      const fromMs = time.nowMs
      while (flight.isPaused()) time.nowMs += 100
      return time.nowMs - fromMs
    })
    expect(pauses).toEqual([500, 1_000, 1_500, 1_500])
  })

  it('forgets failures with a success, which does not end the pause of a later failure', () => {
    flight.fail()
    flight.fail()
    expect([flight.hasFailed(), flight.mayBegin()]).toEqual([true, false])
    flight.succeed()
    expect([flight.hasFailed(), flight.mayBegin()]).toEqual([false, false])
    flight.endPause()
    expect(flight.mayBegin()).toBe(true)
    flight.fail()
    time.nowMs += 500
    expect(flight.mayBegin()).toBe(true)
  })

  it('ends with its deadline where its work does not end', () => {
    flight.begin(100)
    expect([flight.isUnderWay(), flight.mayBegin()]).toEqual([true, false])
    time.nowMs += 100
    expect([flight.isUnderWay(), flight.mayBegin()]).toEqual([false, true])
    expect(flight.hasFailed()).toBe(false)
  })

  it('runs once, and other callers wait for it', async () => {
    let isDone = false
    let times = 0
    const work = async () => {
      times += 1
      flight.begin(1_000)
      await time.delay(100)
      flight.succeed()
      isDone = true
    }
    const all = Array.from({ length: 5 }, () => flight.doOrWait(() => isDone, work))
    await time.advance(200)
    await Promise.all(all)
    expect([isDone, times]).toEqual([true, 1])
  })

  it('neither runs nor is waited for during a pause', async () => {
    flight.pauseFor(1_000)
    await flight.doOrWait(
      () => false,
      () => Promise.reject(new Error('It is paused')),
    )
    expect(time.nowMs).toBe(0)
  })
})
