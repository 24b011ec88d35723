import { fileURLToPath } from 'node:url'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))
/** Drills that take half a minute or more: `npm run test:long`. */
const long = 'test/**/*.long.test.ts'
/** Units and routes that run inside workerd. */
const workerd = 'test/**/*.workerd.test.ts'
/** Black boxes over HTTP on workerd and Deno. */
const blackBoxes = {
  globalSetup: ['test/support/bundle-setup.ts', 'test/support/browser-setup.ts'],
  // Two cores, and every file starts processes of its own.
  maxWorkers: 2,
  testTimeout: 60_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    projects: [
      {
        // Against a real sqld that the global set-up starts.
        plugins: [
          cloudflareTest({
            miniflare: {
              compatibilityDate: '2026-10-01',
              // As wrangler does by itself.
              modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm?module'] }],
              ratelimits: {
                LOGIN_RATE_LIMIT: { namespace_id: '7002', simple: { limit: 2, period: 60 } },
              },
              email: {
                send_email: [
                  { name: 'EMAIL' },
                  { name: 'LIMITED_EMAIL', allowed_sender_addresses: ['auth@example.org'] },
                ],
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: [workerd],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        // The examples' own tests, as those who copy an example would run them.
        plugins: [
          cloudflareTest({
            miniflare: {
              compatibilityDate: '2026-10-01',
              bindings: { ISSUER: 'https://auth.example.com', AUDIENCE: 'https://api.example.com' },
            },
          }),
        ],
        resolve: {
          alias: [
            { find: /^portcullis$/, replacement: `${root}src/index.ts` },
            { find: /^portcullis\/testing$/, replacement: `${root}src/testing.ts` },
          ],
        },
        test: { name: 'examples', include: ['examples/**/*.test.ts'] },
      },
      {
        // Black boxes, the commands, and the project's own files.
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [workerd, long],
          ...blackBoxes,
        },
      },
      {
        test: {
          ...blackBoxes,
          name: 'long',
          include: [long],
          testTimeout: 300_000,
        },
      },
    ],
  },
})
