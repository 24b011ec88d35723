// How the database finds the rows of the service's statements.

import type { Client, InStatement, ResultSet } from '@libsql/client/http'
import { expect } from 'vitest'
import type { Database } from '../../src/service/store/database.ts'

/** A statement as the service sent it, and how many rows it changed. */
export interface Recorded {
  readonly statement: InStatement
  readonly rowsAffected: number
}

/** A database that records every statement, and explains its plan. */
export function recordStatements(client: Client) {
  const seen: Recorded[] = []
  const record = (statements: InStatement[], results: ResultSet[]) => {
    for (const [place, statement] of statements.entries()) {
      seen.push({ statement, rowsAffected: results[place]?.rowsAffected ?? 0 })
    }
  }
  const recording: Database = {
    hasReplicas: true,
    withClient: (use) =>
      use({
        async execute(statement: InStatement) {
          const result = await client.execute(statement)
          record([statement], [result])
          return result
        },
        async batch(statements: InStatement[], mode: 'read' | 'write') {
          const results = await client.batch(statements, mode)
          record(statements, results)
          return results
        },
      } as unknown as Client),
  }

  /** The statements of what `ask` does. There must be some. */
  async function statementsOf(ask: () => Promise<unknown>): Promise<Recorded[]> {
    seen.length = 0
    await ask()
    expect(seen.length).toBeGreaterThan(0)
    return [...seen]
  }

  /** The steps of the plans of what `ask` does. */
  async function stepsOf(ask: () => Promise<unknown>): Promise<string[]> {
    const plans: string[] = []
    for (const { statement } of await statementsOf(ask)) {
      const { sql, args } = statement as { sql: string; args: [] }
      const { rows } = await client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args })
      plans.push(...rows.map(({ detail }) => String(detail)))
    }
    return plans
  }

  /** The steps that read every row of a table. */
  async function scansOf(ask: () => Promise<unknown>): Promise<string[]> {
    const steps = await stepsOf(ask)
    return steps.filter((step) => /^SCAN (?!CONSTANT ROW|\(subquery|.*subquery)/i.test(step))
  }
  return { recording, statementsOf, stepsOf, scansOf }
}
