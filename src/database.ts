// The service's database of accounts and revocations, for guards and handlers that share it.

export type { Database } from './service/store/database.ts'
export { schemaVersion } from './service/store/migrations.ts'
export { openRemoteDatabase, type RemoteDatabaseOptions } from './service/store/remote-database.ts'
export { createDatabaseSource } from './service/store/revocation-source.ts'
export { isTokenLive } from './service/store/revoked-tokens.ts'
