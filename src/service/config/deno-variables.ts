// Where and how the process runs on Deno. This belongs to the platform, so these are no settings of
// the service.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { variableText } from './variable-text.ts'

/** What the variables of the process say. */
export interface DenoVariables {
  /** HOST: the address to listen on. Default: `127.0.0.1`. */
  readonly hostname: string
  /** PORT, from 1 to 65,535. Default: 8787. */
  readonly port: number
  /**
   * SHUTDOWN_SECONDS: how long running requests may take after a signal, from 0 to 300. Default:
   * 10.
   */
  readonly shutdownSeconds: number
}

/** The variables, or one sentence for each problem, by name. An empty value counts as not set. */
export function parseDenoVariables(
  variables: Readonly<Record<string, string>>,
): Result<DenoVariables, readonly string[]> {
  const hostname = variableText(variables.HOST) ?? '127.0.0.1'
  const port = wholeNumber(variableText(variables.PORT) ?? '8787', 1, 65_535)
  const shutdownSeconds = wholeNumber(variableText(variables.SHUTDOWN_SECONDS) ?? '10', 0, 300)
  const problems = [
    !/^[\w.:-]+$/.test(hostname) &&
      'HOST must be an address or host name of this machine, such as 127.0.0.1, without spaces.',
    port === undefined && 'PORT must be a whole number from 1 to 65,535.',
    shutdownSeconds === undefined && 'SHUTDOWN_SECONDS must be a whole number from 0 to 300.',
  ].filter((problem) => problem !== false)
  return port === undefined || shutdownSeconds === undefined || problems.length > 0
    ? refuse(problems)
    : succeed({ hostname, port, shutdownSeconds })
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}
