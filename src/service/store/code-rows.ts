// Inserts the rows of a code: itself, and the handle of the client that has asked for it.

import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { CodePurpose } from './codes.ts'
import { build, databaseNow } from './database.ts'
import { codeHandles, codes } from './mail-schema.ts'
import { users } from './schema.ts'

/** A code for an account. */
export interface NewCode<Purpose extends CodePurpose = CodePurpose> {
  /** A fresh id. */
  readonly codeId: string
  readonly purpose: Purpose
  /** How long the eight characters are good, and the link. */
  readonly codeSeconds: number
  readonly linkSeconds: number
}

/** An email, as typed and as it is compared: values, or columns of the account. */
export interface EmailColumns {
  readonly email: SQLWrapper
  readonly emailNormalized: SQLWrapper
}

/** The email that an account gets with a code. */
interface NewEmailOfCode {
  readonly to: EmailColumns
  /** The session that has asked for it, if the code ends with that. */
  readonly sessionId?: string
  /** Whether the code is void from the beginning. Default: no. */
  readonly isVoid?: SQL
}

/**
 * Inserts a code for the account that the condition selects, bound to its email and its password.
 *
 * @param change the email that the account gets with it
 */
export function insertCodeStatement(
  { codeId, purpose, codeSeconds, linkSeconds }: NewCode,
  whose: SQL | undefined,
  change?: NewEmailOfCode,
) {
  const nothing = sql<null>`NULL`
  const after = (seconds: number) => sql<number>`${databaseNow} + ${seconds}`
  return build.insert(codes).select(
    build
      .select({
        id: sql<string>`${codeId}`.as('id'),
        purpose: sql<string>`${purpose}`.as('purpose'),
        userId: users.id,
        address: users.emailNormalized,
        passwordVersion: users.passwordVersion,
        createdAt: databaseNow.as('created_at'),
        codeExpiresAt: after(codeSeconds).as('code_expires_at'),
        linkExpiresAt: after(linkSeconds).as('link_expires_at'),
        usedAt: sql<number | null>`iif(${change?.isVoid ?? sql`0`}, ${databaseNow}, NULL)`.as(
          'used_at',
        ),
        newEmail: sql<string | null>`${change?.to.email ?? nothing}`.as('new_email'),
        newEmailNormalized: sql<string | null>`${change?.to.emailNormalized ?? nothing}`.as(
          'new_email_normalized',
        ),
        sessionId: sql<string | null>`${change?.sessionId ?? null}`.as('session_id'),
      })
      .from(users)
      .where(whose),
  )
}

/** Inserts a handle for a code of the account that the condition selects, and returns it. */
export function insertHandleStatement(
  handle: string,
  codeId: SQL,
  isOfSession: boolean,
  whose: SQL | undefined,
) {
  return build
    .insert(codeHandles)
    .select(
      build
        .select({
          id: sql<string>`${handle}`.as('id'),
          codeId: sql<string>`${codeId}`.as('code_id'),
          tries: sql<number>`0`.as('tries'),
          createdAt: databaseNow.as('created_at'),
          isOfSession: sql<boolean>`${isOfSession ? 1 : 0}`.as('is_of_session'),
        })
        .from(users)
        .where(whose),
    )
    .returning({ handle: codeHandles.id })
}
