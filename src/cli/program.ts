// The program with all of its commands. docs/reference/cli.md describes them, and a test compares
// the two.

import { Command, CommanderError } from 'commander'
import { version } from '../service/config/version.ts'
import { addAuditCommand } from './audit.ts'
import { Failure } from './failure.ts'
import { addKeysCommand } from './keys.ts'
import { addLimitsCommand } from './limits.ts'
import { addMailCommand } from './mail.ts'
import { addMigrateCommand } from './migrate.ts'
import { addUsersCommand } from './users.ts'

/** Creates the program. It reads nothing before it runs. */
export function createProgram(): Command {
  const program = new Command('portcullis')
    .description(
      'Migrates the database of a Portcullis service, and manages its accounts, audit, mail and signing keys.',
    )
    .version(version)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failure, 2 wrong usage, 3 migrations pending, 4 database or service unreachable, 5 done but for what was left out.',
    )
    // The commands inherit both settings. Usage errors are thrown, and reported like every failure.
    .exitOverride()
    .configureOutput({ outputError() {} })
  addMigrateCommand(program)
  addUsersCommand(program)
  addLimitsCommand(program)
  addAuditCommand(program)
  addMailCommand(program)
  addKeysCommand(program)
  return program
}

/**
 * Runs the command that the arguments name.
 *
 * @throws Failure
 */
export async function runProgram(program: Command): Promise<void> {
  try {
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // The program has shown its help, or the version.
    if (error.exitCode === 0) return
    const isHelpShown = error.code === 'commander.help'
    throw new Failure(isHelpShown ? 'Name one of these commands.' : sentenceOf(error), 'usage')
  }
}

/** Never repeats what was given: it may be a password in the wrong place. */
function sentenceOf({ code, message }: CommanderError): string {
  const said =
    code === 'commander.excessArguments'
      ? message.replace(/( but got \d+): .*$/s, '$1.')
      : message.replace(/=.*'/s, "=…'")
  return `${said}\nAdd --help to see what the command takes.`
}
