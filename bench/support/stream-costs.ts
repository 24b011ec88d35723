// What guards that follow cost in a month, from the measured CPU time of a stream and the list
// prices of Cloudflare.

import { renderTable } from '../../scripts/docs/markdown.ts'
import { streamSeconds } from '../../src/token/feed-format.ts'
import { renderCount } from './table.ts'

const busyIsolates = [10, 100, 1_000, 10_000, 100_000, 300_000]
const hoursPerMonth = 730
const secondsPerHour = 3_600
const streamsPerHour = secondsPerHour / streamSeconds
/** An isolate of the service takes so many streams. */
const streamsPerService = 1_000
const readsPerHour = secondsPerHour
/** At half of the bound of 10 s. */
const pullsPerHour = 720

/** Workers Paid, as of November 2026. */
const includedRequests = 10_000_000
const dollarsPerRequest = 0.3 / 1_000_000
const includedCpuMs = 30_000_000
const dollarsPerCpuMs = 0.02 / 1_000_000

/** @param cpuUs of the service for one stream, in microseconds a second */
export function renderStreamCosts(cpuUs: number): string {
  const heads = [
    'busy isolates',
    'streams a month',
    'over HTTP, $',
    'over a binding, $',
    'CPU of the service, hours',
    'CPU, $',
    'tail reads an hour, service in one place',
    'tail reads an hour, a service isolate beside each',
  ]
  return [
    renderTable(
      heads,
      busyIsolates.map((isolates) => rowOf(isolates, cpuUs)),
    ),
    `One month of ${hoursPerMonth} hours, with ${streamsPerHour} streams an hour for each busy isolate, and ${renderCount(cpuUs)} µs of CPU time a second for each stream. Prices of Workers Paid in November 2026, after what the plan includes: $0.30 for a million requests, $0.02 for a million ms of CPU time. Waiting costs nothing. One tail read is one round trip. Pulls instead of streams (\`follow: false\`): ${pullsPerHour} requests an hour for each busy isolate, ${pullsPerHour / streamsPerHour} times as many.`,
  ].join('\n\n')
}

function rowOf(isolates: number, cpuUs: number): string[] {
  const requests = isolates * streamsPerHour * hoursPerMonth
  const cpuMs = (isolates * cpuUs * secondsPerHour * hoursPerMonth) / 1_000
  const services = Math.ceil(isolates / streamsPerService)
  return [
    renderCount(isolates),
    renderCount(requests),
    dollars((requests - includedRequests) * dollarsPerRequest),
    '0',
    renderCount(cpuMs / 1_000 / secondsPerHour),
    dollars((cpuMs - includedCpuMs) * dollarsPerCpuMs),
    renderCount(services * readsPerHour),
    renderCount(isolates * readsPerHour),
  ]
}

function dollars(amount: number): string {
  return renderCount(Math.max(0, amount))
}
