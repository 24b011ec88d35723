// Accounts for parts that end many sessions.

import { createClientOf } from '../../test/support/client.ts'

/** Registers accounts, and gives a token of each. */
export async function registerMany(service: string, count: number): Promise<string[]> {
  const client = createClientOf(service)
  const tokens: string[] = []
  while (tokens.length < count) {
    tokens.push(...(await Promise.all(Array.from({ length: 8 }, () => client.token()))))
  }
  return tokens.slice(0, count)
}
