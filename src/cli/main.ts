#!/usr/bin/env node
// The command line: `portcullis` where the package is installed, `npm run …` in its own repository.

import { Command } from 'commander'
import { version } from '../service/config/version.ts'
import { runCommand } from './failure.ts'
import { addKeysCommand } from './keys.ts'
import { addMigrateCommand } from './migrate.ts'
import { addUsersCommand } from './users.ts'

const program = new Command('portcullis')
  .description(
    'Brings the database of a Portcullis service up to date, changes accounts in it, and keeps its signing keys.',
  )
  .version(version)

addMigrateCommand(program)
addUsersCommand(program)
addKeysCommand(program)

// Whatever a command makes is its owner's alone: key files, databases.
process.umask(0o077)

await runCommand(async () => {
  await program.parseAsync()
})
