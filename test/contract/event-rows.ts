// The rows of own events.

import { createClientOf } from '../support/client.ts'
import { type Expected, invalidInput, type Row } from './row.ts'
import { tokenRows } from './token-rows.ts'

const row = (situation: string, query: string, classic: Expected): Row => ({
  request: 'GET /auth/events',
  situation,
  async send({ baseUrl }) {
    const client = createClientOf(baseUrl)
    return client.events(await client.token(), query)
  },
  classic,
})

const page: Expected = { status: 200, has: ['data'] }

export const eventRows: readonly Row[] = [
  row('good token', '', page),
  row('a page of one event, and the next one', '?limit=1&before=9007199254740991', page),
  row('a limit over 100', '?limit=101', invalidInput),
  row('an id that is no number', '?before=x', invalidInput),
  ...tokenRows('GET', '/auth/events'),
  ...tokenRows('GET', '/auth/export'),
  ...tokenRows('POST', '/auth/delete-account'),
]
