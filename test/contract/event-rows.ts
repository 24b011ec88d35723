// The rows of own events, and of the own account as a whole.

import { bearing, createClientOf, send } from '../support/client.ts'
import { type Expected, invalidInput, json, type Row } from './row.ts'
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

const languageRow = (situation: string, language: unknown, classic: Expected): Row => ({
  request: 'POST /auth/language',
  situation,
  async send({ baseUrl }) {
    const { headers } = bearing(await createClientOf(baseUrl).token())
    return send(`${baseUrl}/auth/language`, {
      ...{ method: 'POST', headers: { ...json, ...headers } },
      body: JSON.stringify({ language }),
    })
  },
  classic,
})

export const eventRows: readonly Row[] = [
  row('good token', '', page),
  row('a page of one event, and the next one', '?limit=1&before=9007199254740991', page),
  row('a limit over 100', '?limit=101', invalidInput),
  row('an id that is no number', '?before=x', invalidInput),
  languageRow('a language of the mails', 'de', page),
  languageRow('no language', null, page),
  languageRow('another language', 'fr', invalidInput),
  ...tokenRows('GET', '/auth/events'),
  ...tokenRows('GET', '/auth/export'),
  ...tokenRows('POST', '/auth/delete-account'),
  ...tokenRows('POST', '/auth/language', { body: { language: 'de' } }),
]
