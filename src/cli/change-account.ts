// Changes an account in the service's database, for the command.

import { systemRuntime } from '../runtime/runtime.ts'
import {
  type AdministrationOutcome,
  disable,
  enable,
  revokeSessions,
  setRoles,
} from '../service/domain/accounts/administration.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

const changes = { setRoles, disable, enable, revokeSessions }

/** Does one of the changes. Idempotent. */
export function changeAccountIn(
  address: DatabaseAddress,
  email: string,
  what: keyof typeof changes,
  roles: readonly string[],
): Promise<AdministrationOutcome> {
  return withDatabase(address, 'The account was not changed', (client) =>
    changes[what]({ database: databaseOf(client), runtime: systemRuntime }, email, roles),
  )
}
