// Changes an account in the service's database, for the command.

import { systemRuntime } from '../runtime/runtime.ts'
import {
  type AdministrationOutcome,
  addRoles,
  disable,
  enable,
  type RolesOutcome,
  removeRoles,
  revokeSessions,
  setRoles,
} from '../service/domain/accounts/administration.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

const changes = { disable, enable, revokeSessions }
const roleChanges = { setRoles, addRoles, removeRoles }
const failed = 'The account was not changed'

/** What can be done to the roles of an account. */
export type RoleChange = keyof typeof roleChanges
/** Why nothing was done to them. */
export type RolesError = Extract<RolesOutcome, { readonly ok: false }>['error']

/** Does one of the changes. Idempotent. */
export function changeAccountIn(
  address: DatabaseAddress,
  email: string,
  what: keyof typeof changes,
): Promise<AdministrationOutcome> {
  return withDatabase(address, failed, (client) =>
    changes[what]({ database: databaseOf(client), runtime: systemRuntime }, email),
  )
}

/** Changes the roles of an account. Idempotent. */
export function changeRolesIn(
  address: DatabaseAddress,
  email: string,
  change: RoleChange,
  roles: readonly string[],
): Promise<RolesOutcome> {
  return withDatabase(address, failed, (client) =>
    roleChanges[change]({ database: databaseOf(client), runtime: systemRuntime }, email, roles),
  )
}
