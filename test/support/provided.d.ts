// What the global set-ups provide to the tests.

import 'vitest'
import type { BrowserProgram } from './browser-program.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A database of this run, with the schema of this version. */
    databaseUrl: string
    /** A database without any tables. */
    emptyDatabaseUrl: string
    /** A database that a much later version has migrated. */
    futureDatabaseUrl: string
    /** An API for mail: test/support/mail-api.ts. */
    mailApiUrl: string
    /** The texts of Wycheproof's vectors. Undefined where their folder is missing. */
    wycheproof: { jws: string; ecdsa: string; ed25519: string; hmac: string } | undefined
    /** The file of the Worker's bundle. */
    bundle: string
    /** The browser. Undefined on a machine without one. */
    browser: BrowserProgram | undefined
  }
}
