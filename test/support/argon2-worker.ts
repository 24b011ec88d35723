// The Worker of the service with argon2id, as an application would write it.

import { argon2id } from '../../src/argon2.ts'
import { createWorker } from '../../src/server.ts'

export default createWorker({ passwordHashes: [argon2id] })
