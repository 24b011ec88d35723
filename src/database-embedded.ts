// A database in a file, for Deno and Node. Workers have no files, and must not bundle this client.

export { openEmbeddedDatabase } from './service/store/node/embedded-database.ts'
