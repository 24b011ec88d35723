// The database that the service keeps its accounts and revocations in, for guards and handlers that
// share it.

export type { Database } from './store/database.ts'
export { schemaVersion } from './store/migrations.ts'
export { openRemoteDatabase } from './store/remote-database.ts'
export { createDatabaseSource } from './store/revocation-source.ts'
export { liveToken } from './store/revoked-tokens.ts'
