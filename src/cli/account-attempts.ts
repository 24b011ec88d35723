// The counted attempts of an account, for the commands. Their keys are made with SECRET_KEY.

import { type AttemptLimits, limitSettings, limitsOf } from '../service/config/limit-settings.ts'
import { findMisspellings } from '../service/config/parse-config.ts'
import { settings } from '../service/config/settings.ts'
import { variableText } from '../service/config/variable-text.ts'
import { comparedEmail, emailSpellings } from '../service/domain/identity/email.ts'
import {
  findAttempts,
  forgetAttempts,
  type PurposeAttempts,
} from '../service/domain/limits/account-attempts.ts'
import { createAttemptKeyMaker } from '../service/domain/limits/attempt-keys.ts'
import { findAccountByEmail } from '../service/store/account-listing.ts'
import type { Database } from '../service/store/database.ts'
import { administratorEntry } from './audited-commands.ts'
import { Failure } from './failure.ts'
import { readSetting } from './read-setting.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

/** The attempts of an account, whether it exists or not. */
export function listAttemptsIn(
  address: DatabaseAddress,
  email: string,
  variables: NodeJS.ProcessEnv,
): Promise<readonly PurposeAttempts[]> {
  const attemptKeys = readKeyMaker(variables)
  const limits = readLimits(variables)
  return withDatabase(address, 'The attempts were not read', async (client) => {
    const database = databaseOf(client)
    return findAttempts({ database, attemptKeys }, await nameAccount(database, email), limits)
  })
}

/** Forgets the attempts of an account. Returns how many counts there were. Idempotent. */
export function forgetAttemptsIn(
  address: DatabaseAddress,
  email: string,
  variables: NodeJS.ProcessEnv,
): Promise<number> {
  const attemptKeys = readKeyMaker(variables)
  return withDatabase(address, 'The account was not unlocked', async (client) => {
    const database = databaseOf(client)
    const account = await nameAccount(database, email)
    return forgetAttempts({ database, attemptKeys }, account, administratorEntry('users unlock'))
  })
}

async function nameAccount(database: Database, email: string) {
  const account = await findAccountByEmail(database, emailSpellings(email))
  return { email: comparedEmail(email), userId: account?.userId }
}

function readKeyMaker({ SECRET_KEY }: NodeJS.ProcessEnv) {
  const text = variableText(SECRET_KEY)
  if (text === undefined) {
    throw new Failure(
      'Set SECRET_KEY to that of the service: attempts are counted under keys that are made with it.',
      'usage',
    )
  }
  const parsed = settings.SECRET_KEY.parse(text)
  if (!parsed.ok) throw new Failure(`SECRET_KEY ${parsed.error}.`, 'usage')
  return createAttemptKeyMaker({ secretKey: parsed.value })
}

/** In the same way as the service. */
function readLimits(variables: NodeJS.ProcessEnv): AttemptLimits {
  const read = <Name extends keyof typeof limitSettings>(name: Name) =>
    [name, readSetting<unknown>(name, limitSettings[name], variables)] as const
  const names = Object.keys(limitSettings) as (keyof typeof limitSettings)[]
  const misspellings = findMisspellings(variables, names)
  if (misspellings.length > 0) throw new Failure(misspellings.join(' '), 'usage')
  const values = Object.fromEntries(names.map(read))
  return limitsOf(values as Parameters<typeof limitsOf>[0]).attempts
}
