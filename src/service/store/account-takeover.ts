// The owner of an email proves it for the first time. What was set before may be a stranger's, who has
// registered the email to wait for its owner. So the password, the tokens and the sessions end.

import { and, type SQL, sql } from 'drizzle-orm'
import {
  insertGenerationRevocationStatement,
  updateEndedSessionsStatement,
} from './account-endings.ts'
import { build } from './database.ts'
import { type Revocation, revocationRow } from './revoked-tokens.ts'
import { decodeRows } from './rows.ts'
import { users } from './schema.ts'
import { newPasswordColumns } from './users.ts'

/** What the owner of an email gets, in place of what a stranger has set. */
export interface Takeover {
  /** A fresh generation. It replaces the revoked one. */
  readonly tokenGeneration: string
  /** What is stored for an account without a password. */
  readonly passwordHash: string
}

/** Without a takeover there is no statement. They must come right after the code is used. */
export function takeoverStatements(whose: SQL, takeover: Takeover | undefined) {
  if (!takeover) return {}
  const { tokenGeneration, passwordHash } = takeover
  return {
    revoked: insertGenerationRevocationStatement(and(whose, sql`changes() > 0`)),
    replaced: build
      .update(users)
      .set({ tokenGeneration, ...newPasswordColumns(passwordHash) })
      .where(and(whose, sql`changes() > 0`)),
    ended: updateEndedSessionsStatement(whose, tokenGeneration),
  }
}

/** The revocation of a takeover, if there was one. */
export function revocationsOf(answers: { readonly revoked?: unknown }): readonly Revocation[] {
  return decodeRows(revocationRow, (answers.revoked ?? []) as readonly unknown[])
}
