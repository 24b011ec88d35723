// The mail in the service's database, for the commands.

import {
  findUnsentMailIds,
  type ListedMail,
  listSuppressedAddresses,
  listUnsentMail,
  type MailState,
  type RetryOutcome,
  type RetryRefusal,
  retryMail,
  type SuppressedAddress,
  type UnsentMail,
} from '../service/store/mail-administration.ts'
import { administratorEntry } from './audited-commands.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

export type { ListedMail, MailState, RetryOutcome, RetryRefusal, SuppressedAddress }

/** Rows of a list. */
const maxListed = 100
/** Mails of one batch. */
const mailsAtOnce = 50

/** The newest 100 mails that are not sent, of one state or of both. */
export function listMailIn(address: DatabaseAddress, state?: MailState): Promise<UnsentMail> {
  return withDatabase(address, 'The mail was not read', (client) =>
    listUnsentMail(databaseOf(client), maxListed, state),
  )
}

/** The 100 suppressed addresses that are suppressed the longest, and how many there are. */
export function listSuppressedIn(address: DatabaseAddress) {
  return withDatabase(address, 'The addresses were not read', (client) =>
    listSuppressedAddresses(databaseOf(client), maxListed),
  )
}

/**
 * Makes mails due at once, 50 with each batch. Idempotent.
 *
 * @param mailIds undefined: all mails that are not sent
 * @param liftsSuppression whether their addresses may get mail again
 */
export function retryMailIn(
  address: DatabaseAddress,
  mailIds: readonly string[] | undefined,
  liftsSuppression: boolean,
): Promise<ReadonlyMap<string, RetryOutcome>> {
  return withDatabase(address, 'Not all of the mail was made due', async (client) => {
    const database = databaseOf(client)
    const outcomes = new Map<string, RetryOutcome>()
    const how = { liftsSuppression, entry: administratorEntry('mail retry') }
    const given = [...new Set(mailIds)]
    for (let after = ''; ; ) {
      const some = mailIds
        ? given.splice(0, mailsAtOnce)
        : await findUnsentMailIds(database, after, mailsAtOnce)
      const last = some.at(-1)
      if (last === undefined) return outcomes
      for (const [mailId, outcome] of await retryMail(database, some, how)) {
        outcomes.set(mailId, outcome)
      }
      after = last
    }
  })
}
