// Imports accounts, in batches of accounts and their events. A batch that was sent twice changes
// nothing more, so an import that was interrupted is begun again, and goes on.

import { type Result, refuse } from '../errors/reasons.ts'
import { systemRuntime } from '../runtime/runtime.ts'
import { type AcceptedAccount, acceptAccount } from '../service/domain/accounts/move-in.ts'
import type { EmailDomains } from '../service/domain/identity/email.ts'
import {
  type EmailHolder,
  findEmailHolders,
  insertMovedUsers,
} from '../service/store/account-import.ts'
import type { Database } from '../service/store/database.ts'
import { administratorEntry } from './audited-commands.ts'
import { emailSentenceOf, roleRule, tooManyRoles } from './change-account.ts'
import { Failure } from './failure.ts'
import type { Entry, LeftOut } from './import-file.ts'
import { knownMembers, readMembers } from './import-members.ts'
import type { ImportTally } from './import-tally.ts'
import { SeenEmails } from './seen-emails.ts'
import { type DatabaseAddress, databaseOf, withDatabase } from './with-database.ts'

export { readEmailDomains } from './change-account.ts'

/**
 * Accounts of one batch. The longest possible ones are 3.1 MB of JSON, and 1.4 MB more for their
 * spellings. Usual ones are 0.2 MB.
 */
const accountsPerBatch = 500

/** How to import. */
export interface ImportOptions {
  readonly emailDomains: EmailDomains
  /** Whether nothing is written. */
  readonly isDry: boolean
  /** Ends the import after the batch that is under way. */
  readonly stopping: AbortSignal
  readonly tally: ImportTally
  /** Called after each batch. */
  tell(): void
}

/**
 * Imports the entries, and counts them in the tally. Accounts that exist are left as they are.
 * Idempotent: after a failure, the same call goes on.
 *
 * @throws Failure when the database fails, the file cannot be read to its end, or the user ends it.
 * All before `doneLine` of the tally is done
 */
export function importAccounts(
  address: DatabaseAddress,
  entries: AsyncIterable<Entry>,
  options: ImportOptions,
): Promise<void> {
  return withDatabase(address, 'The import has stopped', async (client) => {
    const importing = new Import(databaseOf(client), options)
    const failure = await takeAll(importing, entries, options.stopping)
    if (options.stopping.aborted) throw new Failure('The import was interrupted.')
    if (failure && !(failure instanceof Failure)) throw failure
    // What was read before a failure of the file is imported.
    await importing.send()
    if (failure) throw failure
  })
}

/** Takes the entries to the end, or until the user ends it. Returns what was thrown. */
async function takeAll(
  importing: Import,
  entries: AsyncIterable<Entry>,
  stopping: AbortSignal,
): Promise<unknown> {
  try {
    for await (const entry of entries) {
      await importing.take(entry)
      if (stopping.aborted) break
    }
    return undefined
  } catch (error) {
    return error
  }
}

/** An account that waits for its batch. */
interface Waiting extends AcceptedAccount {
  readonly line: number
}

class Import {
  readonly #database: Database
  readonly #options: ImportOptions
  readonly #seen = new SeenEmails()
  #waiting: Waiting[] = []
  #line = 0

  constructor(database: Database, options: ImportOptions) {
    this.#database = database
    this.#options = options
  }

  async take({ line, members }: Entry): Promise<void> {
    const { tally } = this.#options
    this.#line = line
    const accepted = members.ok ? this.#accept(members.value) : members
    if (accepted.ok) {
      this.#waiting.push({ line, ...accepted.value })
      if (this.#waiting.length === accountsPerBatch) await this.send()
    } else {
      const email = members.ok ? members.value.get('email') : undefined
      tally.countLeftOut({ line, email: showableEmail(email), ...accepted.error })
    }
  }

  #accept(members: ReadonlyMap<string, unknown>): Result<AcceptedAccount, LeftOut> {
    const { tally, emailDomains } = this.#options
    for (const name of members.keys()) if (!knownMembers.has(name)) tally.noteIgnored(name)
    const moving = readMembers(members, systemRuntime.now())
    if (!moving.ok) return moving
    const accepted = acceptAccount({ runtime: systemRuntime }, moving.value, emailDomains)
    if (accepted.ok) return accepted
    const { reason } = accepted.error
    if (reason === 'hash_unfit') return refuse({ reason, sentence: accepted.error.sentence })
    const sentences = {
      email_malformed: emailSentenceOf(moving.value.email),
      role_malformed: roleRule,
      roles_too_long: tooManyRoles,
    }
    return refuse({ reason, sentence: sentences[reason] })
  }

  /** Sends the accounts that wait, and counts what has become of each. */
  async send(): Promise<void> {
    const { tally, tell } = this.#options
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length > 0) {
      const holders = await this.#findHolders(waiting)
      for (const [place, account] of waiting.entries()) this.#count(account, holders[place])
    }
    tally.doneLine = this.#line
    tell()
  }

  /** Inserts the accounts, or only asks about them. Returns whose each email was before. */
  #findHolders(waiting: readonly Waiting[]): Promise<readonly EmailHolder[]> {
    const users = waiting.map(({ user }) => user)
    const entry = administratorEntry('users import')
    return this.#options.isDry
      ? findEmailHolders(this.#database, users, entry)
      : insertMovedUsers(this.#database, users, entry)
  }

  #count({ line, user, family, needs }: Waiting, holder: EmailHolder | undefined): void {
    const { tally, isDry } = this.#options
    const isSeen = this.#seen.add(user.emailNormalized)
    // The database decides who is made. The seen emails only say why another is not.
    if (holder === 'nobody' && !(isDry && isSeen)) tally.countMade(family, needs)
    else if (isSeen) tally.countLeftOut({ line, email: user.email, ...emailTwice })
    else if (holder === 'other') tally.countTaken({ line, email: user.email, ...emailTaken })
    else tally.alreadyThere += 1
  }
}

const emailTaken: LeftOut = {
  reason: 'email_taken',
  sentence:
    'The email has an account that no import has made, or such an account can take it back. A stranger may have registered it: find out whose it is.',
}

const emailTwice: LeftOut = {
  reason: 'email_twice',
  sentence: 'The email is in the file before, perhaps in another spelling: the first entry counts.',
}

/** What was given as email, unless it could be a hash or something else that is no email. */
function showableEmail(email: unknown): string | null {
  const isLikely = typeof email === 'string' && /^[^@$:]{1,64}@[^@$:]{1,254}$/.test(email)
  return isLikely ? email : null
}
