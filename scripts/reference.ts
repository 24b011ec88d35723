// npm run reference: the API reference as a folder of static files, for a host of your own.

import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Failure, runCommand } from '../src/cli/failure.ts'
import { writeReference } from './reference/write-reference.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const usage = 'npm run reference -- [FOLDER] [--document FILE] [--server URL]'

await runCommand(async () => {
  const { folder, document, server } = readArguments()
  writeReference(folder, { documentFile: document, server })
  console.log(`The API reference is in ${join(folder, 'docs/index.html')}: serve ${folder}.`)
})

function readArguments() {
  const { values, positionals } = parse()
  const [folder = join(root, '.portcullis/reference'), ...more] = positionals
  if (more.length > 0 || folder === '') throw new Failure(`One folder, please: ${usage}`)
  if (values.server !== undefined && !/^https?:$/.test(URL.parse(values.server)?.protocol ?? '')) {
    throw new Failure('--server needs the URL of the service, such as https://auth.example.com.')
  }
  return { folder: resolve(folder), ...values }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { document: { type: 'string' }, server: { type: 'string' } },
    })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new Failure(`${error.message}\n${usage}`)
  }
}
