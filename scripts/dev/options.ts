// What both development commands are told: the same options, and settings that suit a machine of one's own.

import { Command, InvalidArgumentError } from 'commander'
import { parseConfig } from '../../src/config.ts'
import { Failure } from '../failure.ts'

export interface DevOptions {
  readonly port: number
  readonly databasePort: number
  /** The folder that the database lives in. */
  readonly data: string
  /** Settings that the user gave, by name. */
  readonly variables: Readonly<Record<string, string>>
}

/** Reads the command line; a mistake in it ends the process with a sentence. */
export function parseDevOptions(name: string, description: string): DevOptions {
  const command = new Command(name)
    .description(description)
    .option('--port <port>', 'where the service listens', parsePort, 8787)
    .option('--database-port <port>', 'where sqld listens (on Deno there is none)', parsePort, 8880)
    .option('--data <directory>', 'where the database is kept', '.portcullis')
    .option('--var <name:value>', 'a setting (repeatable)', collectVariable, {})
    .allowExcessArguments(false)
    .parse()
  const { port, databasePort, data, var: variables } = command.opts()
  return { port, databasePort, data, variables }
}

/** The user's settings over those of the command; they are checked before anything is started. */
export function settleVariables(
  options: DevOptions,
  defaults: Readonly<Record<string, string>>,
): Record<string, string> {
  const variables = {
    ISSUER: `http://127.0.0.1:${options.port}`,
    PASSWORD_MIN_LENGTH: '6',
    ...defaults,
    ...options.variables,
  }
  const config = parseConfig(variables, { hasFiles: true })
  if (!config.ok) {
    throw new Failure(`The settings do not fit. Change --var: ${config.reason.join(' ')}`)
  }
  return variables
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 1 to 65535.')
}

function collectVariable(text: string, others: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Z][A-Z0-9_]*):(.*)$/s.exec(text) ?? []
  if (!name || value === undefined) {
    throw new InvalidArgumentError('Write it as NAME:VALUE, such as BCRYPT_COST:4.')
  }
  return { ...others, [name]: value }
}
