// The Worker under `wrangler dev`, with its local binding for mail. What was sent is read from its
// explorer.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcessGroup } from '../../scripts/dev/process-group.ts'
import { findFreePort } from '../../scripts/ports.ts'
import type { PostedMail } from './posts.ts'
import { until } from './server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const wrangler = join(root, 'node_modules/.bin/wrangler')
const explorer = '/cdn-cgi/local/explorer/api/local/email/sending'
/** Secrets are taken from the environment. */
const secretNames = ['SECRET_KEY', 'SIGNING_KEYS', 'TURSO_AUTH_TOKEN']
const startTimeoutMs = 60_000

export interface WranglerServer {
  readonly baseUrl: string
  /** The mails to an address, the oldest first. */
  mailsTo(email: string): Promise<readonly PostedMail[]>
  stop(): Promise<void>
}

/** Serves the Worker of this repository with the binding that its configuration shows. */
export async function serveOnWrangler(
  variables: Readonly<Record<string, string>>,
): Promise<WranglerServer> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-wrangler-'))
  const file = join(directory, 'wrangler.toml')
  writeFileSync(file, configuration())
  const port = await findFreePort()
  const baseUrl = `http://127.0.0.1:${port}`
  let output = ''
  const group = startProcessGroup(
    wrangler,
    argumentsOf(file, port, variables),
    environmentOf(directory, variables),
    (text) => {
      output += text
    },
  )
  // It signals before it waits.
  process.once('exit', () => void group.stop('SIGKILL'))
  const stop = async () => {
    await group.stop('SIGTERM')
    rmSync(directory, { recursive: true, force: true })
  }
  const isReady = async () => group.hasEnded() || (await answers(`${baseUrl}/health`))
  await until(isReady, startTimeoutMs).catch(() => undefined)
  if (group.hasEnded() || !(await answers(`${baseUrl}/health`))) {
    await stop()
    throw new Error(`wrangler dev did not start:\n${output}`)
  }
  return { baseUrl, stop, mailsTo: (email) => mailsTo(baseUrl, email) }
}

/** That of the repository. The lines of the binding are no comments any more. */
function configuration(): string {
  return readFileSync(join(root, 'wrangler.toml'), 'utf8')
    .replace('main = "src/worker.ts"', `main = ${JSON.stringify(join(root, 'src/worker.ts'))}`)
    .replace('# [[send_email]]\n# name = "EMAIL"', '[[send_email]]\nname = "EMAIL"')
}

function argumentsOf(file: string, port: number, variables: Readonly<Record<string, string>>) {
  return [
    ...['dev', '-c', file, '--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
    ...['--show-interactive-dev-session=false', '--env-file', '/dev/null'],
    ...Object.entries(variables)
      .filter(([name]) => !secretNames.includes(name))
      .flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]
}

function environmentOf(directory: string, variables: Readonly<Record<string, string>>) {
  return {
    ...Object.fromEntries(secretNames.map((name) => [name, variables[name] ?? ''])),
    // The explorer shows the mails of all Workers in a registry.
    WRANGLER_REGISTRY_PATH: join(directory, 'registry'),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
  return answer?.ok === true
}

interface SentMail {
  readonly messageId: string
  readonly to: readonly string[]
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
}

async function mailsTo(baseUrl: string, email: string): Promise<readonly PostedMail[]> {
  const list = await read(`${baseUrl}${explorer}?per_page=100`)
  const sent = (list as SentMail[]).filter(({ to }) => to.length === 1 && to[0] === email)
  const posted = sent.map(async ({ messageId: id, subject, headers }) => {
    const query = new URLSearchParams({ email_id: id })
    const { text, html } = (await read(`${baseUrl}${explorer}?${query}`)) as PostedMail
    const mailId = headers['X-Portcullis-Mail'] ?? ''
    return { id, mailId, to: email, subject, text, html, content: '' }
  })
  // The explorer gives the newest first.
  return (await Promise.all(posted)).reverse()
}

async function read(url: string): Promise<unknown> {
  const { result } = (await (await fetch(url)).json()) as { result: unknown }
  return result
}
