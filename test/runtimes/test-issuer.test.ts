// The built package's test issuer, with a guard without any test code, on runtimes other than
// workerd.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runtimes = {
  Node: [process.execPath],
  Bun: [join(root, 'node_modules/.bin/bun')],
  Deno: [join(root, 'node_modules/.bin/deno'), 'run'],
} as const

describe('the test issuer', () => {
  it.each(Object.entries(runtimes))(
    "works with an application's own guard on %s",
    async (_, [command, ...args]) => {
      const script = join(root, 'test/support/test-issuer-smoke.mjs')
      const { stdout } = await promisify(execFile)(command, [...args, script])
      const answers = [200, 200, 200, 401, 200, 503, 200, 401, 401, 200, 503]
      expect(JSON.parse(stdout)).toEqual([answers, answers, answers])
    },
  )
})
