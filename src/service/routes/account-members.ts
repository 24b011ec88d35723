// An account, as answers have it.

import type { Account } from '../domain/accounts/status.ts'
import { formatInstant } from './instant.ts'

/** The members of the status, with the names of flask-jwt-auth. */
export function accountMembers(account: Account) {
  const { userId, email, roles, registeredAt, emailVerifiedAt, language } = account
  return {
    user_id: userId,
    email,
    email_verified: emailVerifiedAt !== null,
    admin: roles.includes('admin'),
    roles,
    language,
    registered_on: formatInstant(registeredAt),
  }
}
