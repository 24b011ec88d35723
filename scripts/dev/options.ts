// The options of both development commands, and settings that suit a developer's machine.

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { Failure } from '../../src/cli/failure.ts'
import type { Config } from '../../src/service/config/config.ts'
import { parseConfig } from '../../src/service/config/parse-config.ts'
import { settings } from '../../src/service/config/settings.ts'
import { makeDirectory } from '../directory.ts'
import { keepPrivate } from '../keep-private.ts'
import { lockData } from './data-lock.ts'
import { keepFromGit } from './keep-from-git.ts'

export interface DevOptions {
  readonly port: number
  readonly databasePort: number
  /** The folder of the database. */
  readonly data: string
  /** Settings that the user gave, by name. */
  readonly variables: Readonly<Record<string, string>>
}

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))
const ownData = join(root, '.portcullis')

/** Reads the command line. A mistake in it ends the process with an error message. */
export function parseDevOptions(name: string, description: string): DevOptions {
  const command = new Command(name)
    .description(description)
    .option('--port <port>', 'where the service listens', parsePort, 8787)
    .option('--database-port <port>', 'where sqld listens (on Deno there is none)', parsePort, 8880)
    .option('--data <directory>', 'where the database is kept (default: .portcullis)')
    .option(
      '--var <name:value>',
      'a setting of docs/reference/settings.md (repeatable)',
      collectVariable,
    )
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse()
  const { port, databasePort, data, var: variables = {} } = command.opts()
  const directory = resolve(data ?? ownData)
  return { port, databasePort, data: directory, variables }
}

/**
 * Makes the data folder, and locks it until this process ends. Changes the access only of our own
 * folder, not of one with another name.
 */
export function takeDataDirectory({ data }: DevOptions): void {
  makeDirectory(data)
  if (data === ownData) keepPrivate(data)
  keepFromGit(data)
  lockData(data)
}

/** The settings as the service gets them, and as it reads them. */
export interface Settled {
  readonly variables: Readonly<Record<string, string>>
  readonly config: Config
}

/** The user's settings over those of the command. They are checked before anything starts. */
export async function settleVariables(
  options: DevOptions,
  defaults: Readonly<Record<string, string>>,
): Promise<Settled> {
  const variables = {
    ISSUER: `http://127.0.0.1:${options.port}`,
    PASSWORD_POLICY: 'development',
    EMAIL_DOMAINS: 'any',
    // Empty unless the defaults or the user's own settings have keys.
    SIGNING_KEYS: '',
    ...defaults,
    ...options.variables,
  }
  const config = await parseConfig(variables, { hasFiles: true })
  if (!config.ok) {
    const isKeyOfFile =
      !('SECRET_KEY' in options.variables) && /SECRET_KEY|SIGNING_KEYS/.test(`${config.error}`)
    const places = isKeyOfFile ? '--var or .dev.vars' : '--var'
    throw new Failure(
      `Some settings are wrong. Change them with ${places}: ${config.error.join(' ')}`,
    )
  }
  return { variables, config: config.value }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 1 to 65535.')
}

function collectVariable(
  text: string,
  others: Record<string, string> = {},
): Record<string, string> {
  const [, name, value] = /^([A-Z][A-Z0-9_]*):(.*)$/s.exec(text) ?? []
  if (!name || value === undefined) {
    throw new InvalidArgumentError('Write it as NAME:VALUE, such as BCRYPT_COST:4.')
  }
  if (!Object.hasOwn(settings, name)) {
    throw new InvalidArgumentError(
      `There is no setting ${name}; the settings are ${Object.keys(settings).join(', ')}.`,
    )
  }
  return { ...others, [name]: value }
}
