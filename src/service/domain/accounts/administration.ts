// What administrators do to accounts. Nothing of it is reached over HTTP: whoever has the database
// has the power.

import { createRandomId } from '../../../crypto/random-id.ts'
import {
  disableAccount,
  enableAccount,
  endAccountSessions,
  updateRoles,
} from '../../store/account-administration.ts'
import type { Deps } from '../deps.ts'
import { emailSpellings } from '../identity/email.ts'

/** Done, or there is no such account. */
export type AdministrationOutcome = 'done' | 'account_unknown'

type AdministrationDeps = Pick<Deps, 'database' | 'runtime'>

/**
 * Gives the account exactly these roles. Tokens with the roles before are revoked: at the service
 * at once, at guards within their bounds; sessions go on with new ones. Atomic, idempotent; one
 * round trip.
 */
export function setRoles(
  deps: AdministrationDeps,
  email: string,
  roles: readonly string[],
): Promise<AdministrationOutcome> {
  return outcomeOf(updateRoles(deps.database, changeOf(deps, email), roles))
}

/** Disables the account, and revokes all of its tokens and sessions. As `setRoles`. */
export function disable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(disableAccount(deps.database, changeOf(deps, email)))
}

/** Lets the account log in again; its sessions stay ended. As `setRoles`. */
export function enable(deps: AdministrationDeps, email: string): Promise<AdministrationOutcome> {
  return outcomeOf(enableAccount(deps.database, changeOf(deps, email)))
}

/** Revokes all tokens and sessions of the account. As `setRoles`. */
export function revokeSessions(
  deps: AdministrationDeps,
  email: string,
): Promise<AdministrationOutcome> {
  return outcomeOf(endAccountSessions(deps.database, changeOf(deps, email)))
}

function changeOf(deps: AdministrationDeps, email: string) {
  return {
    spellings: emailSpellings(email),
    tokenGeneration: createRandomId(deps.runtime),
  }
}

async function outcomeOf(isFound: Promise<boolean>): Promise<AdministrationOutcome> {
  return (await isFound) ? 'done' : 'account_unknown'
}
