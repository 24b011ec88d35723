// npm run reference: the API reference as a folder of static files, for a host of your own.

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { runCommand } from '../src/cli/failure.ts'
import { writeReference } from './reference/write-reference.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

await runCommand(async () => {
  const { folder, document, server } = readArguments()
  writeReference(folder, { documentFile: document, server })
  console.log(`The API reference is in ${join(folder, 'docs/index.html')}: serve ${folder}.`)
})

function readArguments() {
  const command = new Command('npm run reference --')
    .description('Writes the API reference as a folder of static files.')
    .argument('[folder]', 'where to write it (default: .portcullis/reference)')
    .option('--document <file>', 'the OpenAPI document (default: that of this version)')
    .option('--server <url>', 'the service, such as https://auth.example.com', parseServer)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .parse()
  const folder = command.args[0] ?? join(root, '.portcullis/reference')
  if (folder === '') command.error('error: the folder has no name: name one, or leave it out')
  const { document, server } = command.opts<{ document?: string; server?: string }>()
  return { folder: resolve(folder), document, server }
}

function parseServer(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new InvalidArgumentError('Give the URL of the service, such as https://auth.example.com.')
}
