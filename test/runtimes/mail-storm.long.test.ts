// 200 owners ask for codes at the same time, and the process is killed three times meanwhile. No
// code of an answer is lost, and a mail that comes twice is the same mail.

import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Bundle, bundleWorker } from '../support/bundle.ts'
import { type Answer, createClientOf, freshEmail } from '../support/client.ts'
import { doAtOnce, tally } from '../support/limited-servers.ts'
import { type PostedRoute, postedRoutes } from '../support/mail-routes.ts'
import { codeIn } from '../support/mailed-code.ts'
import type { Post } from '../support/posts.ts'
import { type Server, until } from '../support/server.ts'

const accounts = 200
const atOnce = 12
/** What the server for mail does before each kill. */
const moods = ['speak', 'fallSilent', 'turnDeaf'] as const satisfies readonly (keyof Post)[]

let smtp: Bundle
beforeAll(() => {
  smtp = bundleWorker('wrangler.toml', 'test/support/smtp-service.ts')
})
afterAll(() => smtp?.remove())

describe.each(postedRoutes)('on $name', ({ start }) => {
  let route: PostedRoute
  let server: Server
  /** The process that runs, or the one that starts in its place. */
  let serving: Promise<Server>
  beforeAll(async () => {
    route = await start({ plain: inject('bundle'), smtp: smtp.file })
    server = await route.serve({})
    serving = Promise.resolve(server)
  })
  afterAll(async () => {
    await server?.stop()
    await route?.stop()
  })

  /** Asks until there is an answer, as a person does. Gives it, and how often nobody answered. */
  async function askForCode(email: string): Promise<{ asked: Answer; unanswered: number }> {
    for (let unanswered = 0; ; unanswered += 1) {
      const { baseUrl } = await serving
      const asked = await createClientOf(baseUrl)
        .emailCode(email)
        .catch(() => undefined)
      if (asked) return { asked, unanswered }
      await until(async () => (await serving).baseUrl !== baseUrl)
    }
  }

  async function killAndRestart(): Promise<void> {
    const killed = server
    const { promise, resolve } = Promise.withResolvers<Server>()
    serving = promise
    const exited = once(killed.process, 'exit')
    killed.process.kill('SIGKILL')
    expect(await exited).toEqual([null, 'SIGKILL'])
    route.post.speak()
    server = await route.serve({})
    resolve(server)
    await killed.stop()
  }

  /** Sends what is left, as if the pauses after the tries were over. */
  async function sendTheRest(): Promise<void> {
    const { query } = route.database
    await query(`UPDATE portcullis_outgoing_mail SET created_at = created_at - 600,
      next_try_at = next_try_at - 600 WHERE sent_at IS NULL`)
    await until(async () => {
      // Nobody has this email, so nothing more is queued.
      await createClientOf(server.baseUrl).emailCode(freshEmail())
      const sql = `SELECT count(*) AS waiting FROM portcullis_outgoing_mail WHERE sent_at IS NULL`
      return (await query(sql))[0]?.waiting === 0
    }, 60_000)
  }

  it('loses no mail in a storm with three kills', async () => {
    const { post, database } = route
    const emails = Array.from({ length: accounts }, freshEmail)
    const registered = await doAtOnce(accounts, 8, (at) =>
      createClientOf(server.baseUrl).register({ email: emails[at], password: 'a good password' }),
    )
    expect(tally(registered.map(({ status }) => status))).toEqual({ 201: accounts })

    const moments = randomMoments(moods.length)
    let answered = 0
    const killing = (async () => {
      for (const [place, mood] of moods.entries()) {
        await until(() => answered >= (moments[place] ?? 0) - 10, 60_000)
        const before = post.all().length
        post[mood]()
        const isOver = () => mood !== 'fallSilent' || post.all().length > before
        await until(() => answered >= (moments[place] ?? 0) && isOver(), 60_000)
        await killAndRestart()
      }
    })()
    const handles = new Map<string, unknown>()
    const asking = await doAtOnce(accounts, atOnce, async (at) => {
      const email = emails[at] ?? ''
      const { asked, unanswered } = await askForCode(email)
      answered += 1
      handles.set(email, asked.body.handle)
      return { status: asked.status, unanswered }
    })
    await killing
    expect(tally(asking.map(({ status }) => status))).toEqual({ 200: accounts })

    const left = await database.query(
      'SELECT id FROM portcullis_outgoing_mail WHERE sent_at IS NULL',
    )
    await sendTheRest()
    const rows = await database.query('SELECT id, recipient, tries FROM portcullis_outgoing_mail')
    const mails = post.all()
    const unanswered = asking.reduce((all, one) => all + one.unanswered, 0)
    console.log(
      JSON.stringify({
        killedAfterAnswers: moments,
        answers: answered,
        unanswered,
        mails: rows.length,
        left: left.length,
        copies: mails.length,
        copiesOfAMail: tally([...copiesById(mails).values()].map((copies) => copies.length)),
      }),
    )
    expect(rows.length).toBeLessThanOrEqual(accounts + unanswered)
    expect(new Set(rows.map(({ recipient }) => recipient))).toEqual(new Set(emails))
    // No mail is lost, and none is without a row.
    const copies = copiesById(mails)
    expect([...copies.keys()].sort()).toEqual(rows.map(({ id }) => String(id)).sort())
    expect(mails.length).toBeGreaterThan(rows.length)
    for (const row of rows) {
      const [first, ...others] = copies.get(String(row.id)) ?? []
      expect(first?.to).toBe(row.recipient)
      expect(Number(row.tries)).toBeGreaterThan(others.length)
      for (const copy of others) expect(copy).toEqual(first)
    }
    const logins = await doAtOnce(accounts, 8, (at) => {
      const email = emails[at] ?? ''
      const code = codeIn(post.to(email).at(-1))
      return createClientOf(server.baseUrl).loginByCode({ handle: handles.get(email), code })
    })
    expect(tally(logins.map(({ status }) => status))).toEqual({ 200: accounts })
  })
})

/** After so many answers, far enough from each other and from the end. */
function randomMoments(count: number): readonly number[] {
  const span = accounts / (count + 1)
  return Array.from({ length: count }, (_, place) =>
    Math.round(span * (place + 0.5) + Math.random() * span * 0.8),
  )
}

function copiesById(mails: ReturnType<Post['all']>) {
  return Map.groupBy(mails, ({ mailId }) => mailId)
}
