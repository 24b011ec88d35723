// The guarded Worker over the service's database.

import { createDatabaseSource, openRemoteDatabase } from '../../../src/database.ts'
import { createGuarded } from './create-guarded.ts'

export default createGuarded(({ DATABASE_URL = '' }) =>
  createDatabaseSource(openRemoteDatabase({ url: DATABASE_URL, timeoutMs: 3_000 })),
)
