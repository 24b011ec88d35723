// A crowd of logins (login-crowds.ts) in a thread of its own, until a message stops it.

import { parentPort, workerData } from 'node:worker_threads'
import { type Crowd, sendLogins } from '../../test/support/login-crowd.ts'

const { baseUrl, crowd }: { baseUrl: string; crowd: Crowd } = workerData
const { statuses, stop } = sendLogins(baseUrl, crowd)

parentPort?.once('message', async () => {
  await stop()
  parentPort?.postMessage(statuses)
})
