#!/usr/bin/env node
// The command line: `portcullis` where the package is installed, or `npm run …` in this repository.

import { runCommand } from './failure.ts'
import { createProgram, runProgram } from './program.ts'

// Only the owner can access files that a command creates, such as key files and databases.
process.umask(0o077)

await runCommand(() => runProgram(createProgram()), { json: process.argv.includes('--json') })
