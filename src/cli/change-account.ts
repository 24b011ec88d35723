// Changes an account in the service's database, for the command.

import {
  type AdministrationOutcome,
  disable,
  enable,
  revokeSessions,
  setRoles,
} from '../domain/accounts/administration.ts'
import { systemRuntime } from '../runtime.ts'
import { type DatabaseAddress, withDatabase } from './with-database.ts'

const changes = { setRoles, disable, enable, revokeSessions }

/** Does one of the changes. Idempotent. */
export function changeAccountIn(
  address: DatabaseAddress,
  email: string,
  what: keyof typeof changes,
  roles: readonly string[],
): Promise<AdministrationOutcome> {
  return withDatabase(address, 'The account was not changed', (client) =>
    changes[what](
      {
        // An update of no rows is harmless where there are no replicas.
        database: { hasReplicas: true, withClient: (use) => use(client) },
        runtime: systemRuntime,
      },
      email,
      roles,
    ),
  )
}
