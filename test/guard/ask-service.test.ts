import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, it } from 'vitest'
import { askService } from '../../src/guard/remote/ask-service.ts'
import { until } from '../support/server.ts'

let close = () => {}
afterEach(() => close())

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

it('leaves no connection open when the service does not answer, whatever garbage is collected', async () => {
  let asked = 0
  let open = 0
  const server = createServer((request, response) => {
    asked += 1
    open += 1
    response.on('close', () => {
      open -= 1
    })
    // Some requests get no answer, others only a first byte.
    if (request.url === '/drips') response.write('x')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  const ask = (path: string) =>
    askService(undefined, { url: `${url}${path}`, subject: 'It', headers: {}, maxBytes: 1_000 })
  const asking = ['/drips', '/drips', '/silent', '/silent'].map(ask)
  await until(() => asked === 4)
  collectGarbage()
  const answers = await Promise.all(asking)
  expect(answers.map(({ ok }) => ok)).toEqual([false, false, false, false])
  await until(() => open === 0)
})
