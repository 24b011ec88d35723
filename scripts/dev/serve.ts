// Starts the service, says when it is ready, and waits until the user or the service ends it.

import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../src/cli/failure.ts'
import type { Config } from '../../src/service/config/config.ts'
import { issuerPath } from '../../src/token/issuer.ts'
import { announce } from './announce.ts'
import { refuseTakenPlaces } from './free-places.ts'
import type { Settled } from './options.ts'
import { createLineFilter } from './output.ts'
import { type ProcessGroup, startProcessGroup } from './process-group.ts'

export interface Served {
  /** The name of the program that runs the service, for the user. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly port: number
  /** Whether a Worker on this machine can reach it over a service binding. */
  readonly hasBinding: boolean
  /** The address of the API reference. Undefined without one. */
  readonly referenceUrl: string | undefined
  /** The address of the page with the mails. Undefined without one. */
  readonly outboxUrl: string | undefined
  /**
   * The signal that ends the service. SIGKILL is for a watcher that would wait for the next change
   * when the service ends.
   */
  readonly stopSignal: 'SIGTERM' | 'SIGKILL'
}

const readyTimeoutMs = 60_000
/** How long a start may take without a message. */
const quietMs = 10_000
/** On a busy machine the first answer takes seconds, so a shorter timeout would never see one. */
const answerTimeoutMs = 10_000
const pollEveryMs = 100

/**
 * Resolves when `stopping` is aborted and all processes are gone. Throws when the service ends by
 * itself.
 */
export async function serve(
  served: Served,
  { config }: Settled,
  stopping: AbortSignal,
): Promise<void> {
  if (!existsSync(served.command)) {
    throw new Failure(`${served.name} is not installed: run \`npm ci\`.`)
  }
  await refuseTakenPlaces({ port: served.port })
  const output = createOutput(secretsOf(config))
  const group = startProcessGroup(served.command, served.args, served.env, output.take)
  // Under the path of the issuer, where it has one.
  const baseUrl = `http://127.0.0.1:${served.port}${issuerPath(config.issuer)}`
  const loud = setTimeout(output.showAll, quietMs)
  try {
    const obstacle = await untilReady(baseUrl, group, stopping)
    if (stopping.aborted) return
    if (obstacle)
      throw new Failure(`${served.name} did not start: ${obstacle}. Its output is above.`)
    output.show()
    announce(baseUrl, config, served)
    await Promise.race([group.ended, aborted(stopping)])
    if (!stopping.aborted)
      throw new Failure(`${served.name} has ended by itself: run the command again.`)
  } finally {
    clearTimeout(loud)
    await group.stop(served.stopSignal)
    if (!stopping.aborted) output.showAll()
  }
}

function secretsOf(config: Config): string[] {
  const { secretKey, previousSecretKey = '', databaseAuthToken = '' } = config
  const { signingKeys, oauthClients, mailApi, smtpServer } = config
  const clientSecrets = oauthClients.map(({ secret }) => secret)
  const privateKeys = signingKeys.map(({ d }) => d)
  const secrets = [secretKey, previousSecretKey, databaseAuthToken]
  secrets.push(mailApi.key ?? '', smtpServer?.password ?? '')
  return [...secrets, ...privateKeys, ...clientSecrets].filter(Boolean)
}

/**
 * Keeps back the child's output during the start. It matters only when the start takes long or
 * fails.
 */
function createOutput(secrets: readonly string[]) {
  let early = ''
  let isShown = false
  const lines = createLineFilter(secrets, (line) => {
    if (isShown) process.stdout.write(line)
    else early = (early + line).slice(-3_000)
  })
  const show = () => {
    isShown = true
    early = ''
  }
  const showAll = () => {
    lines.flush()
    process.stdout.write(early)
    show()
  }
  return { take: lines.take, show, showAll }
}

/**
 * @returns what prevents the service from starting, or undefined when it is ready or `stopping` is
 * aborted
 */
async function untilReady(
  baseUrl: string,
  group: ProcessGroup,
  stopping: AbortSignal,
): Promise<string | undefined> {
  const deadline = AbortSignal.timeout(readyTimeoutMs)
  let obstacle = 'it does not answer'
  while (!deadline.aborted) {
    if (stopping.aborted) return undefined
    if (group.hasEnded()) return 'it has ended'
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(answerTimeoutMs)])
    const answer = await fetch(`${baseUrl}/ready`, { signal }).catch(() => undefined)
    if (answer?.ok) return undefined
    if (answer) obstacle = `GET /ready answers ${answer.status}`
    await delay(pollEveryMs)
  }
  return obstacle
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}
