// What the global set-up tells the tests inside workerd.

import 'vitest'

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string
    /** The text of Wycheproof's JWS vectors, or undefined where their folder is not. */
    wycheproofJws: string | undefined
  }
}
