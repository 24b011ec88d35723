#!/usr/bin/env node
// The command line: `portcullis` where the package is installed, `npm run …` in its own repository.

import { runCommand } from './failure.ts'
import { createProgram, runProgram } from './program.ts'

// Whatever a command makes is its owner's alone: key files, databases.
process.umask(0o077)

await runCommand(() => runProgram(createProgram()), { json: process.argv.includes('--json') })
