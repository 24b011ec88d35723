// Each way in which the service mails on each platform: the platform, and where its mail arrives.

import { createDatabaseFile, startDatabase, type TestDatabase } from './database.ts'
import { serveOnDeno } from './deno.ts'
import { type Post, type PostedMail, sender, startHttpPost, startSmtpPost } from './posts.ts'
import type { Server } from './server.ts'
import { testSettings } from './settings.ts'
import { serveOnWorkerd } from './workerd.ts'
import { serveOnWrangler } from './wrangler.ts'

/** A service, and the mail that it has sent. */
export interface MailingServer {
  readonly baseUrl: string
  /** The mails to an address, the oldest first. */
  mailsTo(email: string): Promise<readonly PostedMail[]>
  stop(): Promise<void>
}

/** A database, and services over it. */
export interface MailRoute<Served extends MailingServer = MailingServer> {
  readonly database: TestDatabase
  serve(variables: Readonly<Record<string, string>>): Promise<Served>
  stop(): Promise<void>
}

/** A route whose mail arrives at servers of the test. */
export interface PostedRoute extends MailRoute<Server & MailingServer> {
  readonly post: Post
}

/** The bundles of the Worker, without and with the mailer over SMTP. */
export interface Bundles {
  readonly plain: string
  readonly smtp: string
}

/**
 * The ways over servers of the test. Each starts a database of its own, and what takes the mail.
 */
export const postedRoutes = [
  {
    name: 'workerd, by an HTTP endpoint',
    start: async ({ plain }: Bundles) =>
      routeOf(await startDatabase(), await startHttpPost(), (settings) =>
        serveOnWorkerd(plain, settings),
      ),
  },
  {
    name: 'workerd, over SMTP with TLS and a password',
    start: async ({ smtp }: Bundles) =>
      routeOf(await startDatabase(), await startSmtpPost(), (settings, { authority = '' }) =>
        serveOnWorkerd(smtp, settings, { trusted: [authority] }),
      ),
  },
  {
    name: 'Deno, by an HTTP endpoint',
    start: async () => routeOf(await createDatabaseFile(), await startHttpPost(), serveOnDeno),
  },
  {
    name: 'Deno, over SMTP with TLS and a password',
    start: async () => routeOf(await createDatabaseFile(), await startSmtpPost(), serveOnDeno),
  },
] as const

/** All ways. */
export const mailRoutes = [
  ...postedRoutes,
  { name: 'workerd, by the local send_email of wrangler', start: startWranglerRoute },
] as const

type Serve = (settings: Readonly<Record<string, string>>, post: Post) => Promise<Server>

function routeOf(database: TestDatabase, post: Post, serve: Serve): PostedRoute {
  return {
    database,
    post,
    async serve(variables) {
      const server = await serve(settingsOf(database, { ...post.variables, ...variables }), post)
      return { ...server, mailsTo: async (email) => post.to(email) }
    },
    async stop() {
      await post.stop()
      await database.stop()
    },
  }
}

async function startWranglerRoute(): Promise<MailRoute> {
  const database = await startDatabase()
  const mail = { ...sender, MAILER: 'cloudflare' }
  return {
    database,
    serve: (variables) => serveOnWrangler(settingsOf(database, { ...mail, ...variables })),
    stop: database.stop,
  }
}

function settingsOf({ url }: TestDatabase, variables: Readonly<Record<string, string>>) {
  return { ...testSettings, TURSO_DATABASE_URL: url, ...variables }
}
