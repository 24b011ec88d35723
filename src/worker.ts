// The entry point on Cloudflare Workers.

import { createWorker } from './service/create-worker.ts'

export default createWorker() satisfies ExportedHandler<Env>
