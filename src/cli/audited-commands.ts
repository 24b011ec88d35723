// The commands that the audit records: those that change what is in the database. Each records a
// success, in the batch of what it does. A command that changes nothing records nothing. What
// revokes always changes something: it gives a fresh generation, or publishes the revocation again.

import type { AuditEntry } from '../service/store/audit-events.ts'

/** Their names are those of the events. */
export const auditedCommands = [
  ...[
    'users create',
    'users invite',
    'users import',
    'users set-roles',
    'users add-role',
    'users remove-role',
  ],
  ...['users disable', 'users enable', 'users revoke-sessions', 'users unlock'],
  ...['users set-password', 'users delete', 'keys revoke', 'mail retry'],
  'migrate --restored',
] as const

/** The entry of a command. Who runs it is not known: access to the database is the permission. */
export function administratorEntry(event: (typeof auditedCommands)[number]): AuditEntry {
  return { event, actor: 'administrator' }
}
