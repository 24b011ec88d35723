// The database that the service keeps its accounts and revocations in.

export type { Database } from './store/database.ts'
export { schemaVersion } from './store/migrations.ts'
export { openRemoteDatabase } from './store/remote-database.ts'
