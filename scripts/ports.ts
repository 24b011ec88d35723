import { createServer } from 'node:net'

/** A free port on the loopback interface. */
export async function findFreePort(): Promise<number> {
  return (await tryListen(0)) ?? Promise.reject(new Error('No port is free on 127.0.0.1'))
}

/** Whether a process already listens on the port. */
export async function isPortTaken(port: number): Promise<boolean> {
  return (await tryListen(port)) === undefined
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const taken = typeof address === 'object' ? address?.port : undefined
      server.close(() => resolve(taken))
    })
  })
}
