// The process is killed after it has answered and before its mail is sent, or before it knows so.
// The next process over the same database sends the mail, with the same id and the same content.

import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startTarget, type Target } from '../contract/targets.ts'
import { type Answer, createClientOf, freshEmail } from '../support/client.ts'
import { serveOnDeno } from '../support/deno.ts'
import { codeIn } from '../support/mailed-code.ts'
import { type Server, until } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { serveOnWorkerd } from '../support/workerd.ts'

const password = 'a good password'
const newPassword = 'another good password'
/** After the first try. It doubles with each one. */
const firstPauseSeconds = 60

describe.each(['workerd', 'Deno'] as const)('on %s, a process is killed', (platform) => {
  let target: Target
  let server: Server

  beforeAll(async () => {
    target = await startTarget(platform, inject('bundle'), {})
    server = target
  })
  afterAll(async () => {
    await server?.stop()
    await target?.stop()
  })

  function start(): Promise<Server> {
    const { database, post } = target
    const settings = { ...testSettings, TURSO_DATABASE_URL: database.url, ...post.variables }
    return platform === 'Deno' ? serveOnDeno(settings) : serveOnWorkerd(inject('bundle'), settings)
  }

  async function kill(): Promise<void> {
    const exited = once(server.process, 'exit')
    server.process.kill('SIGKILL')
    expect(await exited).toEqual([null, 'SIGKILL'])
  }

  /** Starts another process when the mail is due again after these tries. */
  async function restart(email: string, tries = 1): Promise<void> {
    const seconds = firstPauseSeconds * 2 ** (tries - 1) + 1
    await target.database.query(
      `UPDATE portcullis_outgoing_mail SET created_at = created_at - ${seconds},
        next_try_at = next_try_at - ${seconds} WHERE recipient = ?`,
      email,
    )
    const killed = server
    server = await start()
    if (killed !== target) await killed.stop()
  }

  /** On workerd the next request that mails something sends it. Deno sends it when it starts. */
  async function wakeUp(): Promise<void> {
    if (platform === 'workerd') await createClientOf(server.baseUrl).emailCode(freshEmail())
  }

  async function mailRow(email: string) {
    const sql = `SELECT id, tries, sent_at FROM portcullis_outgoing_mail
      WHERE recipient = ? AND kind = 'reset_password'`
    return (await target.database.query(sql, email))[0]
  }

  /** Asks for a code, for a new account. */
  async function ask(): Promise<{ readonly email: string; readonly asked: Answer }> {
    const client = createClientOf(server.baseUrl)
    const email = freshEmail()
    expect((await client.register({ email, password })).status).toBe(201)
    const asked = await client.forgotPassword(email)
    expect(asked.status).toBe(200)
    return { email, asked }
  }

  /** The copies that have come, when the mail is noted as sent. Its code must be good. */
  async function copiesOf(email: string, { body }: Answer) {
    await wakeUp()
    await until(async () => typeof (await mailRow(email))?.sent_at === 'number')
    const copies = target.post.to(email)
    const sent = { handle: body.handle, code: codeIn(copies.at(-1)), new_password: newPassword }
    const reset = await createClientOf(server.baseUrl).resetPassword(sent)
    expect(reset.status).toBe(200)
    return copies
  }

  it('right after its answer: the next one sends the mail, once', async () => {
    target.post.turnDeaf()
    const { email, asked } = await ask()
    await kill()
    target.post.speak()
    await restart(email)
    const copies = await copiesOf(email, asked)
    expect(copies).toHaveLength(1)
    expect(copies[0]?.id).toContain(String((await mailRow(email))?.id))
  })

  it('while the mail server lets nobody in: the next one sends the mail, once', async () => {
    target.post.turnDeaf()
    const { email, asked } = await ask()
    await until(async () => (await mailRow(email))?.tries === 1)
    await kill()
    target.post.speak()
    await restart(email)
    expect(await copiesOf(email, asked)).toHaveLength(1)
    expect((await mailRow(email))?.tries).toBe(2)
  })

  it('when the mail server has taken the mail: the second copy is the same', async () => {
    target.post.fallSilent()
    const { email, asked } = await ask()
    await until(() => target.post.to(email).length === 1)
    await kill()
    target.post.speak()
    await restart(email)
    const [first, second, ...more] = await copiesOf(email, asked)
    expect(more).toEqual([])
    expect(second).toEqual(first)
    expect(first?.id).toContain(String((await mailRow(email))?.id))
  })

  it('twice: the third process sends the third copy', async () => {
    target.post.fallSilent()
    const { email, asked } = await ask()
    await until(() => target.post.to(email).length === 1)
    await kill()
    await restart(email)
    await wakeUp()
    await until(() => target.post.to(email).length === 2)
    await kill()
    target.post.speak()
    await restart(email, 2)
    const copies = await copiesOf(email, asked)
    expect(copies).toHaveLength(3)
    expect(new Set(copies.map((copy) => JSON.stringify(copy))).size).toBe(1)
  })
})
