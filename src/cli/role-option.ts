// The option for the roles of an account, and the check of roles.

import type { Command } from 'commander'
import { isRole } from '../service/domain/identity/identity.ts'
import { Failure } from './failure.ts'

/** Adds the option for the roles of a new account. */
export function addRoleOption(command: Command): Command {
  return command.option('--role <role>', 'a role, such as admin; may be repeated', collect, [])
}

function collect(role: string, roles: readonly string[]): readonly string[] {
  return [...roles, role]
}

/** Throws a `Failure` that names the first text that is no role. */
export function requireRoles(roles: readonly string[]): void {
  const wrong = roles.find((role) => !isRole(role))
  if (wrong === undefined) return
  throw new Failure(
    `${wrong} is not a role: use up to 64 letters, digits, and any of : . _ -`,
    'usage',
  )
}
