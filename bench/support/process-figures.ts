// What a process uses: CPU time and memory from Linux, and the heap of its isolate from V8.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** The clock of /proc, on every Linux that Node runs on. */
const msPerTick = 10

/** The CPU time so far, in milliseconds. In steps of 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** The CPU time in a second of the next seconds, in milliseconds. */
export async function cpuMsPerSecond(pid: number, seconds: number): Promise<number> {
  const [beganAtMs, before] = [performance.now(), cpuMs(pid)]
  await delay(seconds * 1_000)
  return ((cpuMs(pid) - before) / (performance.now() - beganAtMs)) * 1_000
}

/** The resident memory, in KiB. */
export function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

interface HeapUsage {
  readonly usedSize: number
  readonly embedderHeapUsedSize?: number
  readonly backingStorageSize?: number
}

/**
 * The heap in use after garbage collection, with what belongs to it outside of V8, in KiB.
 *
 * @param url of a request, because workerd collects only while it serves one
 */
export async function heapKiB(inspectorPort: number, url: string): Promise<number> {
  const list = await fetch(`http://127.0.0.1:${inspectorPort}/json`)
  const [target] = (await list.json()) as { webSocketDebuggerUrl: string }[]
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
  const waiting = new Map<number, (result: HeapUsage) => void>()
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data))
    waiting.get(id)?.(result)
  }
  await new Promise((resolve) => {
    socket.onopen = resolve
  })
  const ask = (method: string) =>
    new Promise<HeapUsage>((resolve) => {
      waiting.set(waiting.size, resolve)
      socket.send(JSON.stringify({ id: waiting.size - 1, method }))
    })
  await ask('HeapProfiler.enable')
  let isCollected = false
  void ask('HeapProfiler.collectGarbage').then(() => {
    isCollected = true
  })
  while (!isCollected) await (await fetch(url)).arrayBuffer()
  const heap = await ask('Runtime.getHeapUsage')
  socket.close()
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = heap
  return (usedSize + embedderHeapUsedSize + backingStorageSize) / 1_024
}
