// The lines that the development commands print work as printed, whatever the options.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { findFreePort } from '../../scripts/ports.ts'
import { ownSecret, printedLines, startCommand, stopCommands, tryPrintedLines } from './commands.ts'

// A shell would read it as three words and a quotation mark.
const directory = mkdtempSync(join(tmpdir(), "portcullis dev's lines-"))

afterEach(stopCommands)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function start(script: string, ...variables: string[]) {
  const [port, databasePort] = [await findFreePort(), await findFreePort()]
  const places = ['--port', `${port}`, '--database-port', `${databasePort}`, '--data', directory]
  const more = ['BCRYPT_COST:4', ...variables].flatMap((variable) => ['--var', variable])
  const args = [`scripts/${script}.ts`, ...places, ...ownSecret, ...more]
  const dev = startCommand(process.execPath, args)
  await dev.printed('The API reference is at')
  return { ...dev, origin: `http://127.0.0.1:${port}` }
}

function runInShell(lines: readonly string[]): string {
  return execFileSync('bash', ['-c', lines.join('\n')], { encoding: 'utf8', stdio: 'pipe' })
}

describe.each(['dev', 'dev-deno'])('what scripts/%s.ts prints', (script) => {
  it.each([
    [['TOKEN_TRANSPORT:cookie']],
    [['HTTP_CONTRACT:standard', 'PASSWORD_MIN_LENGTH:64', 'ISSUER:http://127.0.0.1:9/auth/v1']],
    [['ISSUER:https://auth.example.com/a', 'TOKEN_TRANSPORT:cookie', 'HTTP_CONTRACT:standard']],
  ])('works with %j', async (variables) => {
    const dev = await start(script, ...variables)
    expect(printedLines(dev), dev.output()).toHaveLength(6)
    const answers = await tryPrintedLines(dev)
    expect(answers, dev.output()).toMatch(/"user_id":"?\d/)
    expect(answers).toMatch(/Successfully logged out\..*\n(eyJ|.*Successfully logged in)/s)
    expect(answers).toMatch(/Code: .*Password changed\./)
    dev.child.kill('SIGTERM')
    expect(await dev.exitCode()).toBe(0)
  })
})

describe('scripts/dev-deno.ts', () => {
  it('prints how to start an example that reaches it over HTTP, where one can', async () => {
    const dev = await start('dev-deno', 'AUDIENCE:two words')
    const variables = `ISSUER=${dev.origin} AUDIENCE='two words'`
    expect(dev.output()).toContain(
      `  ${variables} npx deno run --allow-net --allow-env examples/deno/main.ts\n`,
    )
    expect(dev.output()).not.toContain('--var')
    dev.child.kill('SIGTERM')
    await dev.exitCode()
    const elsewhere = await start('dev-deno', 'ISSUER:https://auth.example.com')
    expect(elsewhere.output()).not.toContain('examples/')
    expect(elsewhere.output()).not.toContain('/account')
  })
})

describe('scripts/dev.ts', () => {
  it('prints the options of an example, the file for tools, and a note about Safari', async () => {
    const dev = await start('dev', 'AUDIENCE:two words', 'TOKEN_TRANSPORT:cookie')
    const options = `  --var ISSUER:${dev.origin}  --var 'AUDIENCE:two words'`
    expect(dev.output()).toContain(`Add these to its \`wrangler dev\`:\n${options}\n`)
    expect(dev.output()).toContain('Safari keeps no Secure cookies of an http: address')
    expect(dev.output()).toContain(`The page of the account is at ${dev.origin}/account\n`)
    expect((await fetch(`${dev.origin}/account`)).status).toBe(200)
    const [, line = ''] = /in their shell: (.*)/.exec(dev.output()) ?? []
    expect(runInShell([line, 'echo "$TURSO_DATABASE_URL"'])).toMatch(/^http:/)
  })
})
