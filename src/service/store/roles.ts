// An account's roles, as columns: `admin` has its own column, and all other roles share one
// (docs/decisions/017).

import * as v from 'valibot'
import { users } from './schema.ts'

/** The role columns, for a select. */
export const roleColumns = { admin: users.admin, otherRoles: users.otherRoles }

/** The types of the role columns, for the shape of a row. */
export const roleEntries = { admin: v.boolean(), otherRoles: v.string() }

/** The values of the role columns. */
export interface RoleValues {
  readonly admin: boolean
  readonly otherRoles: string
}

const adminRole = 'admin'

/** The row with a list of roles instead of the role columns; `admin` comes first. */
export function withRoles<Row extends RoleValues>({ admin, otherRoles, ...row }: Row) {
  const others = otherRoles.split(' ').filter(Boolean)
  const roles: readonly string[] = admin ? [adminRole, ...others] : others
  return { ...row, roles }
}

/** The roles without duplicates, in the order in which accounts list them. */
export function sortRoles(roles: readonly string[]): readonly string[] {
  return withRoles(roleValuesOf(roles)).roles
}

/** The values of the role columns for a list of roles. */
export function roleValuesOf(roles: readonly string[]): RoleValues {
  const others = [...new Set(roles)].filter((role) => role !== adminRole)
  return { admin: roles.includes(adminRole), otherRoles: others.sort().join(' ') }
}
