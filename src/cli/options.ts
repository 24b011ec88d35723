// Options that several commands share, and the help text for the variables that they read.

import { type Command, InvalidArgumentError, Option } from 'commander'

/** Adds the option for the URL of the service's database. */
export function addDatabaseOption(command: Command): Command {
  command.addOption(new Option('--url <url>', "the service's database").env('TURSO_DATABASE_URL'))
  addVariables(command, 'TURSO_AUTH_TOKEN', 'the token of the database')
  return addVariables(
    command,
    'INSECURE_HTTP',
    'with "allow", http: URLs of other machines are permitted',
  )
}

/**
 * Adds a variable to the help of the command. The command reads it in addition to the variables of
 * its options.
 */
export function addVariables(command: Command, name: string, meaning: string): Command {
  return command.addHelpText('after', `\nReads the variable ${name}: ${meaning}.`)
}

/** Adds the option for output as JSON. */
export function addJsonOption(command: Command): Command {
  return command.option('--json', 'prints the result or the failure as JSON', false)
}

/** Parses a whole number from `least` to `most`. */
export function parseNumber(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
