// Options that several commands have, and what `--help` says of the variables that they read.

import { type Command, InvalidArgumentError, Option } from 'commander'

/** Where the service's database is. */
export function addDatabaseOption(command: Command): Command {
  command.addOption(new Option('--url <url>', "the service's database").env('TURSO_DATABASE_URL'))
  addVariables(command, 'TURSO_AUTH_TOKEN', 'the token of the database')
  return addVariables(command, 'INSECURE_HTTP', 'with "allow", http: on another machine, too')
}

/** Says in the help of the command which variable it reads besides those of its options. */
export function addVariables(command: Command, name: string, meaning: string): Command {
  return command.addHelpText('after', `\nReads the variable ${name}: ${meaning}.`)
}

/** The report as JSON. */
export function addJsonOption(command: Command): Command {
  return command.option('--json', 'prints the outcome as JSON, and failures too', false)
}

/** Reads a whole number in bounds. */
export function parseNumber(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
