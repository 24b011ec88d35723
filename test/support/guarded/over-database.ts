// The guarded Worker over the service's database.

import { createDatabaseSource, openRemoteDatabase } from '../../../src/database.ts'
import { createGuarded } from './create-guarded.ts'

export default createGuarded(({ DATABASE_URL = '' }) =>
  createDatabaseSource(
    openRemoteDatabase({
      databaseUrl: DATABASE_URL,
      databaseAuthToken: undefined,
      databaseTimeoutMs: 3_000,
      databaseHasReplicas: false,
    }),
  ),
)
