// Writes better-auth.json beside this file, with the hashes of Better Auth, which bench/ installs:
// `npm --prefix bench ci && node test/vectors/better-auth-hashes.mjs`.

import { readFileSync, writeFileSync } from 'node:fs'

const packages = new URL('../../bench/node_modules/', import.meta.url)
const { hashPassword } = await import(new URL('better-auth/dist/crypto/index.mjs', packages))
const { version } = JSON.parse(readFileSync(new URL('better-auth/package.json', packages), 'utf8'))

const passwords = {
  ASCII: 'correct horse battery staple',
  'two-byte characters': 'pässwörd',
  'four-byte characters': '🔐 key 🔑',
  'characters with a compatible form': 'ﬁx ① Ａ',
  'a character of two code points': 'e\u0301a\u0308',
  'a NUL inside': 'before\0after',
  '1,024 bytes': 'é'.repeat(512),
}
const vectors = []
for (const [name, password] of Object.entries(passwords)) {
  const hash = await hashPassword(password)
  vectors.push({ family: 'scrypt', system: 'Better Auth', name, password, hash })
}
const content = { source: `better-auth ${version}`, vectors }
writeFileSync(new URL('better-auth.json', import.meta.url), `${JSON.stringify(content, null, 2)}\n`)
