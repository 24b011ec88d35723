// An account's roles, as columns: `admin` in its own, all others in theirs (docs/decisions/017).

import * as v from 'valibot'
import { users } from './schema.ts'

/** The columns of the roles, for a select. */
export const roleColumns = { admin: users.admin, otherRoles: users.otherRoles }

/** What they hold, for the shape of a row. */
export const roleEntries = { admin: v.boolean(), otherRoles: v.string() }

/** The values of the columns. */
export interface RoleValues {
  readonly admin: boolean
  readonly otherRoles: string
}

const adminRole = 'admin'

/** The row with its roles in the place of their columns; `admin` first. */
export function withRoles<Row extends RoleValues>({ admin, otherRoles, ...row }: Row) {
  const others = otherRoles.split(' ').filter(Boolean)
  const roles: readonly string[] = admin ? [adminRole, ...others] : others
  return { ...row, roles }
}

/** The roles, each once, in the order in which accounts have them. */
export function sortRoles(roles: readonly string[]): readonly string[] {
  return withRoles(roleValuesOf(roles)).roles
}

/** The values of the columns that stand for the roles. */
export function roleValuesOf(roles: readonly string[]): RoleValues {
  const others = [...new Set(roles)].filter((role) => role !== adminRole)
  return { admin: roles.includes(adminRole), otherRoles: others.sort().join(' ') }
}
