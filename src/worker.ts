// The entry on Cloudflare Workers.

import { createWorker } from './create-worker.ts'

export default createWorker() satisfies ExportedHandler<Env>
